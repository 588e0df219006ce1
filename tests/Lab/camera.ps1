# What the tests of cameras share. Dot-sourced after common.ps1.

# Makes a camera, and room for its buffers, in the domain that runs this.
$script:Camera = {
    modprobe vivid
    Wait-Until { Test-Path /dev/video0 }
    Set-Content /sys/module/xen_gntalloc/parameters/limit 16384
}

# Returns the first and last luma of the middle row: vivid's colour bars begin with white and end with black.
$script:Edges = {
    param ($frame)
    $bytes = $frame.ToArray()
    $row = $frame.Height / 2 * $frame.Width * 2
    $bytes[$row], $bytes[$row + $frame.Width * 2 - 2]
}

# Has a guest's camera send frames to dom0 without a copy, and returns the sender's summary.
function Receive-Camera ([string] $Guest) {
    On $Guest $Camera
    $job = Start-On $Guest {
        Send-VideoStream vchan:0:video -ZeroCopy -Width 640 -Height 480 -PixelFormat YUYV -FrameCount 20 `
            -AckTimeoutMs 20000 -ConnectTimeoutMs 100000
    }
    $frames = Receive-VideoStream "vchand:${Guest}:video" -ZeroCopy -PassThru -TimeoutSec 100 | ForEach-Object {
        [pscustomobject]@{ Size = $_.BytesUsed; Edges = & $Edges $_ }
    }
    $summary = Complete-Job $job
    $frames.Count | Should -Be 20
    $frames.Size | Select-Object -Unique | Should -Be 614400
    foreach ($frame in $frames) {
        $frame.Edges[0] | Should -BeGreaterThan 150
        $frame.Edges[1] | Should -BeLessThan 40
    }
    $summary.Frames | Should -Be 20
    $summary.Overwritten | Should -Be 0
    $summary
}
