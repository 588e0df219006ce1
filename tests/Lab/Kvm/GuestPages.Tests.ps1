# Buffers of a KVM guest as dma-bufs of its host, on real KVM. The tests run in the host.

BeforeAll {
    . $PSScriptRoot/../common.ps1
    . $PSScriptRoot/../camera.ps1
    Start-Guest vm1
    $script:guest = Connect-GuestMemory vm1 /run/vm1.sock -Cid 3 -Qmp /run/vm1.qmp -TimeoutSec 120
    # The guest's memory stays open here for as long as the guest is connected.
    $null = Clear-Domain
    On vm1 {
        # Makes a buffer with noise in it, shares its pages and sends them to the host that connects.
        function global:Send-Noise {
            param ([long] $Size, [switch] $HugePage, [string] $Address = 'vsockd:-1:900', [int] $Count = 1)
            $global:buffer = New-UDmaBuf $Size -HugePage:$HugePage
            $buffer | Write-DmaBufContent (Get-Noise $Size 1)
            $global:pages = $buffer | Export-GuestPages
            $pages | Send-DmaBufFd $Address -Wait -TimeoutSec 300 -Count $Count
            $buffer | Read-DmaBufContent -AsString -Count 6
        }
    }
}

AfterAll {
    Get-GuestMemory | Disconnect-GuestMemory
    Assert-NothingLeft
}

Describe 'A buffer of a guest' {
    AfterEach { Assert-NothingLeft }

    It 'of <Size> bytes (huge pages: <Huge>) is a live dma-buf of the host until it is released' -ForEach @(
        @{ Size = 64KB; Huge = $false }
        @{ Size = 1MB; Huge = $false }
        @{ Size = 2MB; Huge = $true }
        @{ Size = 16MB; Huge = $true }
    ) {
        $job = Start-On vm1 { param ($size, $huge) Send-Noise $size -HugePage:$huge } $Size, $Huge
        # Filling 16 MiB takes a guest of an emulated host a minute.
        $import = Receive-DmaBuf vsock:3:900 -Guest vm1 -Name seen -Wait -TimeoutSec 300
        "$($import.Origin) $($import.Exporter) $($import.IsDmaBuf) $($import.Name)" |
            Should -Be 'GuestImport udmabuf True seen'
        $import.Size | Should -Be $Size
        $import.Shared.Size | Should -Be $Size
        ($import | Read-DmaBufContent -AsHash).Hash | Should -Be (Get-NoiseHash $Size 1)
        $guest.BufferCount | Should -Be 1
        $import | Write-DmaBufContent 'answer'
        $job.State | Should -Be Running -Because 'the host has not released it'
        $import | Remove-DmaBuf
        Complete-Job $job 300 | Should -Be answer
        On vm1 { $pages.Size; $pages.Ranges.Count } | Set-Variable seen
        $seen[0] | Should -Be $Size
        if ($Huge) { $seen[1] | Should -BeLessOrEqual ($Size / 2MB) }
        $guest.BufferCount | Should -Be 0
    }

    It 'goes by remoting, too, and back to the guest for a wait that cannot be' {
        $pages = On vm1 {
            $global:buffer = New-UDmaBuf 64KB
            $buffer | Write-DmaBufContent 'by remoting'
            $buffer | Export-GuestPages
        }
        $pages.psobject.TypeNames | Should -Contain 'Deserialized.DmaBuf.Guests.GuestPages'
        $import = $pages | Import-GuestPages -Guest vm1
        $import | Read-DmaBufContent -AsString | Should -Be 'by remoting'
        $import.Shared | Should -BeOfType DmaBuf.Guests.GuestPages
        $failure = Get-FailureOn vm1 { param ($pages) Wait-DmaBufRelease $pages } @(, $pages)
        Should-Fail $failure 'Buffer,NoPeer' ObjectNotFound 'ask it'
        On vm1 { param ($pages) $pages | Revoke-GuestPages; @(Get-GuestPages).Count } @(, $pages) | Should -Be 0
    }

    It 'goes on to a second process of the host by descriptor' {
        $job = Start-On vm1 { Send-Noise 64KB }
        $import = Receive-DmaBuf vsock:3:900 -Guest vm1 -Wait -TimeoutSec 120
        $import | Write-DmaBufContent "from the guest`n"
        $output = "$TestDrive/output"
        $peer = Start-Process $RepositoryRoot/out/dmabuf-peer client, "unixd:$TestDrive/s", --reply, again `
            -RedirectStandardOutput $output -PassThru
        Wait-Until { Test-Path $TestDrive/s }
        $import | Send-DmaBufFd "unix:$TestDrive/s" -Wait -TimeoutSec 60
        Wait-Exit $peer
        Get-Content $output -TotalCount 1 | Should -Be 'from the guest'
        $import | Remove-DmaBuf
        Complete-Job $job | Should -BeLike 'again*'
    }

    It 'a buffer of a heap or of a driver is refused, and a memfd is taken' {
        On vm1 { $global:heap = New-DmaHeapBuf 4KB }
        $failure = Get-FailureOn vm1 { $heap | Export-GuestPages }
        Should-Fail $failure 'Guest,NotOnMemFds' NotImplemented 'New-UDmaBuf'
        $pages = On vm1 {
            New-UDmaBuf 8KB -Backing MemFd -Name plain | Write-DmaBufContent 'a memfd' -PassThru | Export-GuestPages
        }
        $pages | Import-GuestPages -Guest vm1 | Read-DmaBufContent -AsString | Should -Be 'a memfd'
    }

    It 'cannot be shared without CAP_SYS_ADMIN, which the error says' {
        $said = On vm1 {
            # With its path, because PowerShell would search all modules for the command, over a slow file system.
            /usr/bin/setpriv --bounding-set -sys_admin --inh-caps -sys_admin `
                "$modulePath/../dmabuf-peer" server vsockd:-1:901 2>&1
        }
        "$said" | Should -Match 'CAP_SYS_ADMIN'
    }
}

Describe 'What the host accepts' {
    AfterEach { Assert-NothingLeft }

    It 'is not a port that any process of the guest may use' {
        $job = Start-On vm1 { Send-Noise 64KB -Address vsockd:-1:5000 -Count 2 }
        $failure = Wait-Failure { Receive-DmaBuf vsock:3:5000 -Guest vm1 -Wait -TimeoutSec 60 }
        Should-Fail $failure 'Peer,Unwanted' ConnectionError
        $failure.Message | Should -Match '1024'
        $import = Receive-DmaBuf vsock:3:5000 -Guest vm1 -AllowAnyPeer -Wait -TimeoutSec 60
        $import.Size | Should -Be 64KB
        $import | Remove-DmaBuf
        # The guest counts the refused connection as a peer only if it could send before the host closed it.
        if (-not ($job | Wait-Job -Timeout 60)) {
            Receive-DmaBuf vsock:3:5000 -Guest vm1 -AllowAnyPeer -Wait -TimeoutSec 60 | Remove-DmaBuf
        }
        $null = Complete-Job $job
    }

    It 'is not a network, where anyone can name pages' {
        foreach ($command in { Receive-DmaBuf tcpd:0.0.0.0:9000 -Guest vm1 },
            { Connect-DmaBufChannel tcpd:0.0.0.0:9000 -Guest vm1 }) {
            Should-Fail (Get-Failure $command) 'Guest,Untrusted' SecurityError 'AllowAnyPeer'
        }
    }

    It 'is not <What>' -ForEach @(
        @{ What = 'a frame outside the memory'; Ranges = @(@(1, 1), @(0x10000000, 1)); Id = 'Guest,OutsideMemory' }
        @{ What = 'a frame in the hole below 4 GiB'; Ranges = , @(0xfee00, 1); Id = 'Guest,OutsideMemory' }
        @{ What = 'a frame twice'; Ranges = @(@(16, 2), @(17, 1)); Id = 'Guest,FrameTwice' }
        @{ What = 'no frame'; Ranges = , @(16, 0); Id = 'Guest,BadPages' }
    ) {
        $list = foreach ($range in $Ranges) { [DmaBuf.Guests.FrameRange]::new($range[0], $range[1]) }
        $pages = [DmaBuf.Guests.GuestPages]@{ FrameSize = 4096; Ranges = [DmaBuf.Guests.FrameRange[]] @($list) }
        $global:hostile = $pages
        Should-Fail (Get-Failure { Import-GuestPages $hostile -Guest vm1 }) $Id InvalidArgument
    }

    It 'is not more ranges than udmabuf takes, and the error says what helps' {
        $ranges = foreach ($i in 0..1500) { [DmaBuf.Guests.FrameRange]::new(4096 + 2 * $i, 1) }
        $global:hostile = [DmaBuf.Guests.GuestPages]@{ FrameSize = 4096; Ranges = [DmaBuf.Guests.FrameRange[]] $ranges }
        $failure = Get-Failure { Import-GuestPages $hostile -Guest vm1 }
        Should-Fail $failure 'Guest,TooManyRanges' LimitsExceeded 'huge pages.*list_limit.*HugePage'
    }

    It 'is not any bytes at all' {
        foreach ($bytes in 'GET / HTTP/1.1', 'DMAG', "`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0`0") {
            $job = Start-On vm1 {
                param ($bytes)
                $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
                $endpoint = [DmaBuf.Transport.Endpoint]::Parse('vsockd:-1:902')
                $listener = [DmaBuf.Transport.StreamListener]::Listen($endpoint, $limit)
                $peer = $listener.Accept($limit)
                $peer.Send([Text.Encoding]::ASCII.GetBytes($bytes), $limit)
                $peer.Dispose(); $listener.Dispose(); $limit.Dispose()
            } $bytes
            $failure = Get-Failure { Receive-DmaBuf vsock:3:902 -Guest vm1 -Wait -TimeoutSec 60 }
            Should-Fail $failure 'Peer,*' ProtocolError
            Complete-Job $job
        }
    }
}

Describe 'Devices, channels and streams' {
    AfterEach { Assert-NothingLeft }

    It 'the host''s camera captures into the guest''s buffers, and the guest has the pixels' {
        modprobe vivid
        Wait-Until { Test-Path /dev/video0 }
        $all = On vm1 { $global:frames = foreach ($i in 0..3) { New-UDmaBuf 600KB }; $frames | Export-GuestPages }
        $imports = @($all | Import-GuestPages -Guest vm1)
        $script:next = 0
        $options = [DmaBuf.Frames.CaptureOptions]@{
            Device = '/dev/video0'; Width = 640; Height = 480; PixelFormat = 'YUYV'; BufferCount = 4; Memory = 'DmaBuf'
            Allocate = { param ($size) $script:next++; $imports[$script:next - 1] }
        }
        Step-Camera ([DmaBuf.Frames.VideoCapture]::Open($options)) 8 "unix:$TestDrive/frames"
        Assert-ColourBar vm1 4
    }

    It 'a guest publishes buffers on a channel, and learns what the host does with them' {
        $job = Start-On vm1 { $global:channel = Connect-DmaBufChannel vsockd:-1:903 -TimeoutSec 120 }
        $channel = Connect-DmaBufChannel vsock:3:903 -Guest vm1 -TimeoutSec 120
        Complete-Job $job
        On vm1 {
            $global:buffer = New-UDmaBuf 1MB
            $buffer | Write-DmaBufContent (Get-Noise 1MB 3)
            $null = Publish-DmaBuf $buffer $channel -Name frame
        }
        $null = Receive-DmaBufEvent -Type Published -TimeoutSec 60
        $import = Import-DmaBuf -Name frame -TimeoutSec 60
        "$($import.Origin)" | Should -Be GuestImport
        ($import | Read-DmaBufContent -AsHash).Hash | Should -Be (Get-NoiseHash 1MB 3)
        $import | Remove-DmaBuf
        (On vm1 { Receive-DmaBufEvent -Type Removed -TimeoutSec 60 }).Type.ToString() | Should -Be Removed
        $mine = New-UDmaBuf 4KB
        $failure = Get-Failure { param ($mine, $channel) Publish-DmaBuf $mine $channel } $mine, $channel
        Should-Fail $failure 'Share,NoPages' NotImplemented
    }

    It 'a guest''s frames stay in its buffers' {
        $job = Start-On vm1 {
            Send-VideoStream vsockd:-1:904 -TestPattern -ZeroCopy -Guest -FrameRate 0 -FrameCount 12 -AckTimeoutMs 0
        }
        $frames = Receive-VideoStream vsock:3:904 -ZeroCopy -Guest vm1 -PassThru -TimeoutSec 120 | ForEach-Object {
            [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData($_.ToArray()))
        }
        $summary = Complete-Job $job
        "$($summary.Transfer) $($summary.Frames) $($summary.Overwritten)" | Should -Be 'GuestPages 12 0'
        ($frames | Select-Object -Unique).Count | Should -Be 12
    }
}

Describe 'dmabuf-peer' {
    It 'has both roles' {
        Disconnect-GuestMemory vm1
        $job = Start-On vm1 { & "$modulePath/../dmabuf-peer" server vsockd:-1:905 2>&1 }
        # Again until the guest's program listens.
        for ($try = 0; $try -lt 20 -and "$said" -notmatch 'imported'; $try++) {
            $said = & $RepositoryRoot/out/dmabuf-peer client vsock:3:905 --guest /run/vm1.sock --qmp /run/vm1.qmp `
                --reply 'from the host' 2>&1
        }
        "$said" | Should -Match 'imported via guest-pages'
        "$said" | Should -Match 'range\[3\] 16384 bytes'
        (Complete-Job $job) -join "`n" | Should -Match 'came back: from the host'
        $script:guest = Connect-GuestMemory vm1 /run/vm1.sock -Cid 3 -Qmp /run/vm1.qmp -TimeoutSec 120
    }
}
