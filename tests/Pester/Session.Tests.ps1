BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Get-DmaBuf' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'lists the open buffers of the session, by name and inode' {
        $camera, $display = 'camera', 'display' | ForEach-Object { New-UDmaBuf 4KB @AnyBacking -Name $_ }
        (Get-DmaBuf).Name | Should -Be camera, display
        (Get-DmaBuf cam*).Inode | Should -Be $camera.Inode
        (Get-DmaBuf -Inode $display.Inode).Name | Should -Be display
        Get-DmaBuf none* | Should -BeNullOrEmpty
        Should-Fail { Get-DmaBuf none } 'Buffer,NotFound' ObjectNotFound '-System'
        Should-Fail { Get-DmaBuf -Inode 1 -System } 'Buffer,NotFound' ObjectNotFound
        Remove-DmaBuf $camera
        (Get-DmaBuf).Name | Should -Be display
    }

    It 'lists buffers in the order in which they were created or received' {
        $first = New-UDmaBuf 4KB -Backing MemFd
        $null = New-UDmaBuf 8KB -Backing MemFd
        $socket = "$TestDrive/order.sock"
        $sending = Start-ThreadJob {
            Import-Module $using:ModulePath
            # Otherwise it could come first, and listen.
            foreach ($try in 1..3000) {
                if (Test-Path $using:socket) { break }
                Start-Sleep -Milliseconds 20
            }
            $using:first | Send-DmaBufFd "unix:$using:socket" -TimeoutSec 60
        }
        $null = Receive-DmaBuf "unixd:$socket" -TimeoutSec 60
        Receive-Job $sending -Wait | Should -BeNullOrEmpty
        Remove-Job $sending -Force
        (Get-DmaBuf).ForEach{ "$($_.Origin) $($_.Size)" } | Should -Be 'MemFd 4096', 'MemFd 8192', 'Received 4096'
    }

    It 'keeps a buffer open that no variable holds' {
        New-UDmaBuf 4KB @AnyBacking -Name kept | Write-DmaBufContent 'kept'
        [GC]::Collect()
        [GC]::WaitForPendingFinalizers()
        Get-DmaBuf kept | Read-DmaBufContent -AsString | Should -Be kept
    }

    It 'completes the names of open buffers' {
        $null = New-UDmaBuf 4KB @AnyBacking -Name 'camera'
        (TabExpansion2 'Get-DmaBuf c' 12).CompletionMatches.CompletionText | Should -Be camera
    }

    It 'prints a table' {
        $text = New-UDmaBuf 64KB -Backing MemFd -Name shown | Out-String
        $text | Should -Match 'Name\s+Size\s+Pages\s+Origin\s+Exporter\s+Fd\s+Inode'
        $text | Should -Match 'shown\s+64 KiB\s+\d+\s+MemFd\s+memfd'
    }

    It 'finds the buffers of every process with -System' {
        Assert-Support UDmaBuf
        $buffer = New-UDmaBuf 8KB -Name everywhere
        $buffer | Write-DmaBufContent 'mapped'
        $socket = "$TestDrive/system.sock"
        $peer = Start-CPeer send, connect, $socket, udmabuf
        $received = Receive-DmaBuf "unixd:$socket" -TimeoutSec 60

        $own = Get-DmaBuf -System -Inode $buffer.Inode
        $own.ProcessId | Should -Be $PID
        $own.Size | Should -Be 8192
        $own.Exporter | Should -Be udmabuf
        $own.Name | Should -Be everywhere
        $own.Fds | Should -Be $buffer.Fd
        $own.IsMapped | Should -BeTrue
        $own.User | Should -Be (id -un)
        (Get-DmaBuf -System -Name every*).Inode | Should -Be $buffer.Inode
        (Get-DmaBuf -System -Inode $received.Inode).ProcessName | Should -Contain peer
        (Get-DmaBuf -System -Inode $received.Inode | Where-Object ProcessName -EQ peer).IsOwn | Should -BeFalse
        $own | Out-String | Should -Match 'ProcessId\s+ProcessName'

        Remove-DmaBuf $received
        $null = $peer | Wait-CPeer
    }
}

Describe 'Get-DmaBuf -System' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'lists this session''s memfds too, with memfd as their exporter' {
        $memfd = New-UDmaBuf 8KB -Backing MemFd -Name sys
        $found = Get-DmaBuf -System -Name sys
        $found.ProcessId | Should -Be $PID
        $found.User | Should -Be (id -un)
        $found.Inode, $found.Size, $found.Exporter | Should -Be $memfd.Inode, 8192, 'memfd'
        $found.Fds | Should -Be $memfd.Fd
        $found.IsMapped | Should -BeFalse
        $memfd | Write-DmaBufContent 'mapped'
        ($memfd | Get-DmaBuf -System).IsMapped | Should -BeTrue
        ($memfd | Get-DmaBuf -System).IsOwn | Should -BeTrue
    }

    It 'says which buffers it cannot know' {
        Should-Fail { Get-DmaBuf none -System } 'Buffer,NotFound' ObjectNotFound 'memfds'
        Should-Fail { Get-DmaBuf none } 'Buffer,NotFound' ObjectNotFound 'Get-DmaBuf -System'
    }
}

Describe 'Remove-DmaBuf' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'closes the descriptor and the mapping' {
        Should-LeakNothing { New-UDmaBuf 64KB @AnyBacking | Write-DmaBufContent 'x' -PassThru | Remove-DmaBuf }
        $buffer = New-UDmaBuf 4KB @AnyBacking
        $fd = $buffer.Fd
        Remove-DmaBuf $buffer
        $buffer.IsOpen | Should -BeFalse
        $buffer.Fd | Should -Be -1
        [IO.FileInfo]::new("/proc/self/fd/$fd").LinkTarget | Should -Not -Match 'dmabuf|memfd:dmabufps'
    }

    It 'refuses a buffer that has already been removed, and continues' {
        $first, $second = New-UDmaBuf 4KB, 4KB @AnyBacking
        Remove-DmaBuf $first
        Should-Fail { Remove-DmaBuf $first } 'Buffer,Removed' ObjectNotFound
        $first, $second | Remove-DmaBuf -ErrorAction SilentlyContinue
        Get-DmaBuf | Should -BeNullOrEmpty
    }

    It 'makes an open stream of the buffer fail cleanly' {
        $buffer = New-UDmaBuf 4KB @AnyBacking
        $stream = $buffer | Read-DmaBufContent -AsStream
        Remove-DmaBuf $buffer
        { $stream.ReadByte() } | Should -Throw '*was removed*'
    }

    It 'removes nothing with -WhatIf' {
        $buffer = New-UDmaBuf 4KB @AnyBacking
        Remove-DmaBuf $buffer -WhatIf
        $buffer.IsOpen | Should -BeTrue
    }
}

Describe '-Verbose' {
    It 'may be read in part: the pipeline continues, and the session has the buffer' {
        $first = New-UDmaBuf 4KB -Backing MemFd -Name partly -Verbose 4>&1 | Select-Object -First 2
        $first | Should -HaveCount 2
        "$($first[1])" | Should -Match '^memfd_create\('
        Get-DmaBuf | Where-Object Name -EQ partly | Remove-DmaBuf
    }
}

Describe 'Get-DmaBufSupport and Test-DmaBufSupport' {
    It 'reports every feature, with advice for each that is missing' {
        $checks = Get-DmaBufSupport
        $checks.Feature | Should -Be ([enum]::GetValues([DmaBuf.Discovery.SupportFeature]))
        $checks | ForEach-Object {
            $_.Detail | Should -Not -BeNullOrEmpty
            [bool]$_.RecommendedAction | Should -Be (-not $_.Available) -Because $_.Feature
        }
        $checks | Out-String | Should -Match 'Feature\s+Available\s+Detail'
    }

    It 'advises to load no module that the kernel was built without' {
        foreach ($check in Get-DmaBufSupport | Where-Object Detail -Match 'CONFIG_\w+ is not set') {
            $check.RecommendedAction | Should -Not -Match 'modprobe' -Because $check.Feature
        }
        (Get-DmaBufSupport Kvm).RecommendedAction | Should -Not -Match 'Load kvm_intel or'
    }

    It 'agrees with the devices that exist' {
        (Get-DmaBufSupport MemFd).Available | Should -BeTrue
        if ((id -u) -eq 0) { Test-DmaBufSupport | Should -Be (Test-Path /dev/udmabuf) }
        Test-DmaBufSupport Xen | Should -Be ((Get-Content /sys/hypervisor/type -ErrorAction Ignore) -eq 'xen')
    }

    It 'is true only if all of the features are available' {
        Test-DmaBufSupport MemFd | Should -BeExactly $true
        if (-not (Test-DmaBufSupport Xen)) { Test-DmaBufSupport MemFd, Xen | Should -BeExactly $false }
        { Test-DmaBufSupport Nonesuch } | Should -Throw '*Nonesuch*'
    }
}
