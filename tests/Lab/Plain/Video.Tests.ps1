# Streams of frames between domains as on any Debian host: the distribution's driver shares no dma-bufs, so frames are
# captured into, or drawn into, pages of the grant allocator.

BeforeAll {
    . $PSScriptRoot/../common.ps1
    . $PSScriptRoot/../camera.ps1
    Start-Guest bob
}

Describe 'Streams of frames with the distribution''s driver' {
    AfterEach { Assert-NothingLeft }

    It 'a guest''s camera captures straight into pages that dom0 maps' {
        $summary = Receive-Camera bob
        "$($summary.Transfer) $($summary.Memory)" | Should -Be 'Grants UserPtr'
        $summary.Copied | Should -Be 0
    }

    It 'frames of 1920x1080 in four buffers need 4052 pages, and arrive whole' {
        On dom0 $Camera
        $job = Start-On bob {
            Receive-VideoStream vchan:0:video -ZeroCopy -PassThru -TimeoutSec 100 | ForEach-Object {
                "$($_.Sequence) $([Convert]::ToHexString([Security.Cryptography.SHA256]::HashData($_.ToArray())))"
            }
        }
        $summary = Send-VideoStream vchand:bob:video -TestPattern -ZeroCopy -Width 1920 -Height 1080 -FrameRate 0 `
            -FrameCount 3 -AckTimeoutMs 0
        $received = Complete-Job $job
        $source = [DmaBuf.Frames.TestPatternSource]::new(
            1920, 1080, 'YUYV', 0, 4, { param ($size) [DmaBuf.Frames.FrameMemory]::Allocate($size) })
        try {
            $source.Format.SizeImage | Should -Be $summary.Format.SizeImage
        }
        finally { $source.Dispose() }
        $received.Count | Should -Be 3
        ($received | ForEach-Object { $_.Split(' ')[1] } | Select-Object -Unique).Count | Should -Be 3
        $received | ForEach-Object { $_.Split(' ')[0] } | Should -Be '0', '1', '2'
        "$($summary.Transfer)" | Should -Be Grants
    }

    It 'the C receiver maps what a guest sends, and a guest what the C sender sends' {
        $program = "$TestDrive/video"
        cc -O1 -o $program $RepositoryRoot/tests/Peers/video.c
        $LASTEXITCODE | Should -Be 0

        $receiver = Start-Process $program receiver_zc, 9000 -RedirectStandardOutput $TestDrive/received -PassThru
        $summary = On bob {
            Send-VideoStream tcp:dom0:9000 -TestPattern -ZeroCopy -Domain 0 -Width 320 -Height 240 -FrameRate 0 `
                -FrameCount 5 -ConnectTimeoutMs 100000 -AckTimeoutMs 0
        }
        Wait-Exit $receiver
        $lines = Get-Content $TestDrive/received
        $lines[1] | Should -Be 'hello 320x240 YUYV 153600 bytes 4 buffers'
        $lines[2] | Should -Be 'frame 0 153600 eb 80'
        $lines[-1] | Should -BeLike 'frames=5 *'
        $summary.Frames | Should -Be 5

        $job = Start-On bob {
            Receive-VideoStream tcpd:0.0.0.0:9000 -ZeroCopy -Domain 0 -PassThru -TimeoutSec 60 |
                ForEach-Object { "$($_.Sequence) $($_.ToArray()[0]) $($_.ToArray()[-1])" }
        }
        $sent = & $program sender_zc bob 9000 320 240 5 (Get-DomainId bob) 0
        $LASTEXITCODE | Should -Be 0
        Complete-Job $job | Should -Be '0 0 0', '1 1 1', '2 2 2', '3 3 3', '4 4 4'
        $sent | Should -BeLike 'frames=5 *'
    }

    It 'a receiver that dies ends the sender, which leaves nothing' {
        $job = Start-On bob {
            $null = Receive-VideoStream vchan:0:video -ZeroCopy -FrameCount 2 -TimeoutSec 100
        }
        $summary = Send-VideoStream vchand:bob:video -TestPattern -ZeroCopy -FrameRate 20 -AckTimeoutMs 20000
        Complete-Job $job
        $summary.Frames | Should -BeIn (2..6)
    }

    It 'frames of 3840x2160 do not fit into the references of a handle, and the error says so' {
        $failure = Get-Failure {
            Send-VideoStream vchand:bob:video -TestPattern -ZeroCopy -Width 3840 -Height 2160
        }
        Should-Fail $failure 'Buffer,BadSize' InvalidArgument 'smaller'
        $failure.Message | Should -Match '16384000'
    }
}
