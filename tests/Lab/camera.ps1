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

# Has a camera that was opened here send frames to a receiver, so that it fills its buffers, and disposes it.
function Step-Camera ($Source, [int] $Frames, [string] $Address) {
    $limit = $peers = $stream = $sender = $null
    try {
        $receiving = Start-ThreadJob -ArgumentList $Address, $modulePath {
            param ($address, $modulePath)
            Import-Module $modulePath
            Receive-VideoStream $address -TimeoutSec 60
        }
        $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
        $peers = [DmaBuf.Transport.StreamSource]::new([DmaBuf.Transport.Endpoint]::Parse($Address))
        $stream = $peers.Next($limit)
        $sender = [DmaBuf.Frames.CopySender]::new(
            $stream, $Source, [DmaBuf.Frames.SendOptions]@{ FrameCount = $Frames }, [Threading.CancellationToken]::None)
        $sender.Run($null)
        # The receiver ends with the stream.
        $sender.Dispose()
        $stream.Dispose()
        (Complete-Job $receiving).Frames | Should -Be $Frames
    }
    finally {
        foreach ($open in $sender, $stream, $peers, $limit, $Source) { ${open}?.Dispose() }
    }
}

# Checks the middle row of a frame of 640x480 in each of the buffers that a domain keeps in $global:frames.
function Assert-ColourBar ([string] $Domain, [int] $Count) {
    On $Domain {
        foreach ($frame in $frames) {
            $row = [byte[]] ($frame | Read-DmaBufContent -Offset (240 * 1280) -Count 1280)
            "$($row[0] -gt 150) $($row[1278] -lt 40)"
        }
    } | Should -Be (@('True True') * $Count)
}
