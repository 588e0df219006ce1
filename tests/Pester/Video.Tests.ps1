# Streams of frames by cmdlets. The other side runs in a thread of its own, with its own runspace.

BeforeAll {
    . $PSScriptRoot/common.ps1

    # Starts the other side of a stream; Complete returns what it emitted.
    function Start-Side ([string] $Script) {
        # A sender waits longer for its receiver than by default, because a receiver's start is slow on a busy computer.
        $limit = "`$PSDefaultParameterValues['Send-VideoStream:ConnectTimeoutMs'] = 60000"
        $whole = [scriptblock]::Create("Import-Module '$ModulePath'; $limit; $Script")
        Start-ThreadJob -ScriptBlock $whole -ArgumentList $address
    }
    function Complete-Side ($Job) {
        Wait-Job $Job -Timeout 120 | Should -Not -BeNullOrEmpty -Because 'the other side ends, too'
        Receive-Job $Job -ErrorAction Stop
        Remove-Job $Job
    }
}

Describe 'Streams of frames' {
    BeforeEach {
        $address = "unix:$(New-Guid | ForEach-Object { Join-Path ([IO.Path]::GetTempPath()) $_ })"
    }

    It 'a file of Y4M frames has what the test pattern sent' {
        $job = Start-Side {
            Send-VideoStream $args[0] -TestPattern -PixelFormat YU12 -Width 64 -Height 48 -FrameRate 0 -FrameCount 5
        }
        $received = Receive-VideoStream $address -OutFile $TestDrive/bars.y4m -TimeoutSec 60
        $sent = Complete-Side $job
        $received.Frames, $sent.Frames | Should -Be 5, 5
        "$($sent.Transfer) $($received.Format)" | Should -Be 'Copy 64x48 YU12'
        (Get-Item $TestDrive/bars.y4m).Length | Should -BeGreaterThan (5 * 64 * 48 * 1.5)

        $job = Start-Side "Send-VideoStream `$args[0] -InFile '$TestDrive/bars.y4m' -FrameRate 0"
        (Receive-VideoStream $address -OutFile $TestDrive/again.y4m -TimeoutSec 60).Frames | Should -Be 5
        $null = Complete-Side $job
        Get-FileHash $TestDrive/again.y4m | ForEach-Object Hash | Should -Be (Get-FileHash $TestDrive/bars.y4m).Hash
    }

    It 'frames in shared buffers are objects, which a pipeline can save as pictures, and which expire' {
        $job = Start-Side {
            Send-VideoStream $args[0] -TestPattern -ZeroCopy -FrameRate 0 -FrameCount 3 -AckTimeoutMs 0
        }
        $frames = Receive-VideoStream $address -ZeroCopy -PassThru -TimeoutSec 60 | ForEach-Object {
            $null = $_ | Save-DmaBufImage -Path "$TestDrive/frame$($_.Sequence).png"
            $_.HasExpired | Should -BeFalse
            $_
        }
        $sent = Complete-Side $job
        $sent.Frames, $sent.Overwritten, $sent.LateAcks | Should -Be 3, 0, 0
        "$($sent.Transfer)" | Should -Be Descriptors
        $frames.Sequence | Should -Be 0, 1, 2
        Get-ChildItem $TestDrive/frame*.png | Should -HaveCount 3
        $frames[0].HasExpired | Should -BeTrue
        { $frames[0].ToArray() } | Should -Throw '*frame 0 of 640x480 YUYV*is gone*'
    }

    It 'a loop of a raw file begins anew, and -OutFile .png is a picture of the first frame' {
        [IO.File]::WriteAllBytes("$TestDrive/two.raw", [byte[]] (@(16) * 64 + @(235) * 64))
        $file = "-InFile '$TestDrive/two.raw' -Loop -Width 8 -Height 8 -PixelFormat GREY"
        $job = Start-Side "Send-VideoStream `$args[0] $file -FrameRate 0 -FrameCount 5"
        $values = Receive-VideoStream $address -OutFile $TestDrive/first.png -PassThru -TimeoutSec 60 |
            ForEach-Object { $_.ToArray()[0] }
        $null = Complete-Side $job
        $values | Should -Be 16, 235, 16, 235, 16
        [Text.Encoding]::ASCII.GetString([IO.File]::ReadAllBytes("$TestDrive/first.png"), 1, 3) | Should -Be PNG
    }

    It 'the example of copied frames records them' {
        $examples = Join-Path $RepositoryRoot docs/examples
        $job = Start-Side "& '$examples/video-copy.ps1' send `$args[0] -Frames 10"
        (& $examples/video-copy.ps1 receive $address -OutFile $TestDrive/camera.y4m).Frames | Should -Be 10
        (Complete-Side $job).Frames | Should -Be 10
        Get-Content $TestDrive/camera.y4m -TotalCount 1 | Should -BeLike 'YUV4MPEG2 W640 H480 *'
    }

    It 'the example of shared frames saves pictures of some' {
        $examples = Join-Path $RepositoryRoot docs/examples
        $job = Start-Side "& '$examples/video-zero-copy.ps1' send `$args[0] -Frames 11"
        $output = & $examples/video-zero-copy.ps1 receive $address -Folder $TestDrive
        (Complete-Side $job).Overwritten | Should -Be 0
        $output[-1] | Should -BeLike '11 frames, * dropped'
        $output[0..1] | Should -HaveCount 2
        $output[0].Length | Should -BeGreaterThan 100
    }

    It 'a receiver that has enough ends the sender' {
        $job = Start-Side { Send-VideoStream $args[0] -TestPattern -FrameRate 0 }
        (Receive-VideoStream $address -FrameCount 2 -TimeoutSec 60).Frames | Should -Be 2
        (Complete-Side $job).Frames | Should -BeGreaterOrEqual 2
    }

    It 'frames that are larger than the limit are refused before anything is allocated' {
        $job = Start-Side { Send-VideoStream $args[0] -TestPattern -FrameRate 0 }
        { Receive-VideoStream $address -MaxFrameSize 1000 -TimeoutSec 60 -ErrorAction Stop } |
            Should -Throw -ErrorId 'Peer,TooLarge,*' -ExpectedMessage '*614400 bytes*'
        { Complete-Side $job } | Should -Throw -ExpectedMessage '*before it took a frame*'
    }

    It '<Words> is refused with <Id>' -ForEach @(
        @{ Words = '-ZeroCopy over tcp without -Domain'; Id = 'Video,NoDomain'
            Command = { Send-VideoStream tcp:127.0.0.1:9 -TestPattern -ZeroCopy }
        }
        @{ Words = '-Domain without -ZeroCopy'; Id = 'Video,DomainAlone'
            Command = { Send-VideoStream tcp:127.0.0.1:9 -TestPattern -Domain 3 }
        }
        @{ Words = 'a test pattern in MJPG'; Id = 'Picture,UnknownFormat'
            Command = { Send-VideoStream unix:/nowhere/x -TestPattern -PixelFormat MJPG }
        }
        @{ Words = 'a device that is not there'; Id = 'open,ENOENT'
            Command = { Send-VideoStream unix:/nowhere/x /dev/video77 }
        }
        @{ Words = 'a file that is not there'; Id = 'open,ENOENT'
            Command = { Send-VideoStream unix:/nowhere/x -InFile /nowhere/y.y4m }
        }
        @{ Words = 'an address where nobody listens'; Id = 'Wait,ETIMEDOUT'
            Command = { Send-VideoStream tcp:127.0.0.1:9 -TestPattern -ConnectTimeoutMs 100 }
        }
        @{ Words = 'a folder as -OutFile'; Id = 'open,EISDIR'
            Command = { Receive-VideoStream unix:/tmp/never -OutFile / }
        }
    ) {
        (Get-ErrorOf $Command).FullyQualifiedErrorId | Should -BeLike "$Id,*"
    }
}
