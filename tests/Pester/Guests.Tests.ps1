# A KVM guest's side, and what of the host's side needs no guest. tests/Lab/Kvm has the rest, on real KVM.

BeforeAll {
    . $PSScriptRoot/common.ps1
    $script:Pages = [DmaBuf.Guests.GuestPages]@{
        FrameSize = 4096
        Ranges = [DmaBuf.Guests.FrameRange[]] @(
            [DmaBuf.Guests.FrameRange]::new(0x1234, 15), [DmaBuf.Guests.FrameRange]::new(0x10, 1))
    }

    # Turns an object into what remoting, a job or a file makes of it.
    function ConvertTo-Bag ($InputObject, [int] $Depth = 2) {
        $file = Join-Path $TestDrive "$([guid]::NewGuid()).xml"
        $InputObject | Export-Clixml -LiteralPath $file -Depth $Depth
        Import-Clixml -LiteralPath $file
    }
}

Describe 'GuestPages' {
    It 'print a table with the first ranges' {
        foreach ($shown in $Pages, (ConvertTo-Bag $Pages)) {
            $text = $shown | Out-String
            $text | Should -Match 'Count\s+Size\s+FrameSize\s+RangeCount\s+Ranges'
            $text | Should -Match '16\s+64 KiB\s+4096\s+2\s+'
        }
        $Pages | Out-String | Should -Match '0x1234-0x1242, 0x10'
    }

    It 'survive a file, and are the real type again' {
        $guest = Connect-GuestMemory vm1 $TestDrive/vm1.sock
        try {
            $failure = Get-ErrorOf { ConvertTo-Bag $Pages | Import-GuestPages -Guest vm1 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Guest,NotReady,*'
            $failure.TargetObject | Should -BeOfType ([DmaBuf.Guests.GuestPages])
            $failure.TargetObject -eq $Pages | Should -BeTrue
        }
        finally { $guest | Disconnect-GuestMemory }
    }

    It 'are refused if <Reason>' -ForEach @(
        @{ Reason = 'the ranges were cut off'; Change = { $args[0].Ranges = @('0x1234-0x1242') } }
        @{ Reason = 'there are no ranges'; Change = { $args[0].Ranges = @() } }
        @{ Reason = 'the page size is not a number'; Change = { $args[0].FrameSize = 'x' } }
        @{ Reason = 'a frame is not a number'; Change = { $args[0].Ranges[0].First = 'x' } }
    ) {
        $bag = ConvertTo-Bag $Pages
        $null = & $Change $bag
        foreach ($command in { $bag | Revoke-GuestPages -ErrorAction Stop },
            { Wait-DmaBufRelease $bag -ErrorAction Stop }) {
            $command | Should -Throw -ExpectedMessage '*GuestPages are incomplete*'
        }
    }

    It 'of another session cannot be ended or waited for here' {
        foreach ($command in { $Pages | Revoke-GuestPages }, { $Pages | Wait-DmaBufRelease }) {
            $failure = Get-ErrorOf $command
            $failure.FullyQualifiedErrorId | Should -BeLike 'Buffer,NoLease,*'
            $failure.Exception.Message | Should -BeLike '*does not share 16 pages of a guest*'
        }
    }
}

Describe 'Export-GuestPages' {
    It 'tells a buffer''s frames, holds them until they are revoked, and ends with the buffer' {
        Assert-Support UDmaBuf
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'needs root' }
        $buffer = New-UDmaBuf 64KB
        $pages = $buffer | Export-GuestPages
        $pages.Size, $pages.FrameSize | Should -Be 64KB, 4096
        ($pages.Ranges | Measure-Object Count -Sum).Sum | Should -Be 16
        (Get-GuestPages).ShareId | Should -Be $pages.ShareId
        ConvertTo-Bag $pages | Revoke-GuestPages
        Get-GuestPages | Should -BeNullOrEmpty
        $again = $buffer | Export-GuestPages
        $again.Ranges | Should -Be $pages.Ranges
        $buffer | Remove-DmaBuf
        Get-GuestPages | Should -BeNullOrEmpty
    }

    It 'sends them over any stream' {
        Assert-Support UDmaBuf
        if ((id -u) -ne 0) { Set-ItResult -Skipped -Because 'needs root' }
        $buffer = New-UDmaBuf 64KB
        $pages = $buffer | Export-GuestPages
        $receiving = Start-ThreadJob -ArgumentList "$TestDrive/pages" {
            param ($path)
            $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
            $peers = [DmaBuf.Transport.StreamSource]::new([DmaBuf.Transport.Endpoint]::Parse("unixd:$path"))
            $stream = $peers.Next($limit)
            [DmaBuf.Sharing.GuestPagesBlob]::Receive($stream, $limit)
            $stream.Dispose(); $peers.Dispose(); $limit.Dispose()
        }
        Wait-Until { Test-Path $TestDrive/pages } 60
        $pages | Send-DmaBufFd "unix:$TestDrive/pages" -Wait -TimeoutSec 60
        (Receive-Job $receiving -Wait -AutoRemoveJob) -eq $pages | Should -BeTrue
        $failure = Get-ErrorOf { $pages | Send-DmaBufFd xenstore:pages }
        $failure.FullyQualifiedErrorId | Should -BeLike 'Address,CannotPassPages,*'
        $buffer | Remove-DmaBuf
    }

    It 'refuses a buffer that stands on no memfd' {
        Assert-Support DmaHeap
        $heap = New-DmaHeapBuf 4KB
        $failure = Get-ErrorOf { $heap | Export-GuestPages }
        $failure.FullyQualifiedErrorId | Should -BeLike 'Guest,NotOnMemFds,*'
        $failure.ErrorDetails.RecommendedAction | Should -BeLike '*New-UDmaBuf*'
        $heap | Remove-DmaBuf
    }
}

Describe 'Connect-GuestMemory' {
    AfterEach { Get-GuestMemory | Disconnect-GuestMemory }

    It 'listens for QEMU, is listed, completes, and stops listening' {
        $guest = Connect-GuestMemory vm1 $TestDrive/vm1.sock -Cid 3
        "$TestDrive/vm1.sock" | Should -Exist
        "$($guest.Name) $($guest.Cid) $($guest.State) $($guest.Size) $($guest.BufferCount)" |
            Should -Be 'vm1 3 Waiting 0 0'
        (Get-GuestMemory).Name | Should -Be vm1
        (Get-GuestMemory v*).SocketPath | Should -Be "$TestDrive/vm1.sock"
        $guest | Out-String | Should -Match 'vm1\s+3\s+Waiting\s+0 B\s+0\s+BalloonUnknown\s+'
        (TabExpansion2 'Receive-DmaBuf vsock:3:900 -Guest v').CompletionMatches.CompletionText | Should -Be vm1
        Disconnect-GuestMemory vm1
        Get-GuestMemory | Should -BeNullOrEmpty
        $guest.State | Should -Be Ended
        "$TestDrive/vm1.sock" | Should -Not -Exist
    }

    It 'refuses a name that is in use, and a path that is no socket' {
        $null = Connect-GuestMemory vm1 $TestDrive/vm1.sock
        (Get-ErrorOf { Connect-GuestMemory vm1 $TestDrive/other }).FullyQualifiedErrorId |
            Should -BeLike 'Guest,BadName,*'
        (Get-ErrorOf { Connect-GuestMemory vm2 $TestDrive/vm1.sock }).FullyQualifiedErrorId |
            Should -BeLike 'bind,EADDRINUSE,*'
        Set-Content $TestDrive/file x
        { Connect-GuestMemory vm2 $TestDrive/file -ErrorAction Stop } | Should -Throw -ErrorId 'Address,NotASocket,*'
        Get-GuestMemory | Should -HaveCount 1
    }

    It '-Wait ends at its time limit, and leaves nothing' {
        $failure = Get-ErrorOf { Connect-GuestMemory vm1 $TestDrive/vm1.sock -Wait -TimeoutSec 1 }
        $failure.FullyQualifiedErrorId | Should -BeLike 'Wait,ETIMEDOUT,*'
        $failure.Exception.Message | Should -BeLike "*waiting for QEMU to connect to $TestDrive/vm1.sock*"
        Get-GuestMemory | Should -BeNullOrEmpty
        "$TestDrive/vm1.sock" | Should -Not -Exist
    }

    It '-Qmp refuses what is not QMP, and leaves nothing' {
        $job = Start-ThreadJob -ArgumentList "$TestDrive/qmp" {
            param ($path)
            $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
            $endpoint = [DmaBuf.Transport.Endpoint]::Parse("unixd:$path")
            $listener = [DmaBuf.Transport.StreamListener]::Listen($endpoint, $limit)
            foreach ($answer in "hello`n", ('x' * 5MB), "{`"event`":1,`"event`":2}`n", '') {
                $peer = $listener.Accept($limit)
                try { $peer.Send([Text.Encoding]::ASCII.GetBytes($answer), $limit) } catch { }
                $peer.Dispose()
            }
            $listener.Dispose(); $limit.Dispose()
        }
        Wait-Until { Test-Path $TestDrive/qmp } 60
        foreach ($i in 1..4) {
            $failure = Get-ErrorOf { Connect-GuestMemory vm1 $TestDrive/vm1.sock -Qmp $TestDrive/qmp -TimeoutSec 60 }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Guest,Qmp,*'
            $failure.ErrorDetails.RecommendedAction | Should -BeLike '*-qmp unix:*'
        }
        Receive-Job $job -Wait -AutoRemoveJob
        (Get-ErrorOf { Connect-GuestMemory vm1 $TestDrive/vm1.sock -Qmp $TestDrive/none }).FullyQualifiedErrorId |
            Should -BeLike 'connect,ENOENT,*'
        Get-GuestMemory | Should -BeNullOrEmpty
    }

    It 'without a CID, hands over nothing that anyone could have named' {
        $null = Connect-GuestMemory vm1 $TestDrive/vm1.sock
        (Get-ErrorOf { Receive-DmaBuf vsock:3:900 -Guest vm1 }).FullyQualifiedErrorId | Should -BeLike 'Guest,NoCid,*'
        (Get-ErrorOf { Receive-DmaBuf unixd:$TestDrive/s -Guest vm1 }).FullyQualifiedErrorId |
            Should -BeLike 'Guest,Untrusted,*'
        { Receive-DmaBuf vsock:3:900 -Guest vm9 } | Should -Throw -ExpectedMessage "*No guest 'vm9' is connected*"
        (Get-ErrorOf { Get-GuestMemory vm9 }).FullyQualifiedErrorId | Should -BeLike 'Guest,NotFound,*'
    }

    It 'accepts no second choice of the sender for a stream of frames' {
        $null = Connect-GuestMemory vm1 $TestDrive/vm1.sock -Cid 3
        { Receive-VideoStream unix:$TestDrive/v -AllowAnyPeer } | Should -Throw -ErrorId 'Video,BadPeers,*'
        { Receive-VideoStream vsock:3:900 -Guest vm1 -From 3 } | Should -Throw -ErrorId 'Video,BadPeers,*'
    }

    It 'Ctrl+C ends its wait' {
        $shell = [powershell]::Create()
        $null = $shell.AddScript("Import-Module '$ModulePath'; Connect-GuestMemory vmc $TestDrive/vmc.sock -Wait")
        $running = $shell.BeginInvoke()
        Wait-Until { Test-Path $TestDrive/vmc.sock } 60
        $shell.Stop()
        $running.IsCompleted | Should -BeTrue
        $shell.Dispose()
        Wait-Until { -not (Test-Path $TestDrive/vmc.sock) } 60
    }
}
