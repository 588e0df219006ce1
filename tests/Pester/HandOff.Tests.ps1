BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Send-DmaBufFd and Receive-DmaBuf' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
    BeforeEach {
        $socket = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n').Substring(0, 8)).sock"
        $buffer = New-UDmaBuf 64KB @AnyBacking
        $buffer | Write-DmaBufContent 'over to you'
        $backing = $buffer.IsDmaBuf ? 'udmabuf' : 'memfd'
    }

    It 'hands a buffer over to another PowerShell, which reads and writes the same memory' {
        $job = Start-Job -ArgumentList $ModulePath, $socket {
            param ($module, $socket)
            Import-Module $module
            $received = Receive-DmaBuf "unixd:$socket" -TimeoutSec 120
            $received | Read-DmaBufContent -AsString
            $received | Write-DmaBufContent 'and back'
            $received.Inode
            Remove-DmaBuf $received
        }
        Wait-Until { (Test-Path $socket) -or $job.State -in 'Completed', 'Failed' } 120
        $buffer | Send-DmaBufFd "unix:$socket" -Wait -TimeoutSec 60
        Receive-Job $job -Wait | Should -Be 'over to you', $buffer.Inode
        Remove-Job $job -Force
        $buffer | Read-DmaBufContent -AsString | Should -Be 'and backyou'
    }

    It 'hands a buffer over to a C program that <_>s' -ForEach listen, connect {
        $peer = Start-CPeer receive, $_, $socket
        $buffer | Send-DmaBufFd ($_ -eq 'listen' ? "unix:$socket" : "unixd:$socket") -Wait -TimeoutSec 60
        $peer | Wait-CPeer | Select-Object -First 2 |
            Should -Be "received 1 byte 'A', buffer of 65536 bytes", 'over to you'
        $buffer | Read-DmaBufContent -AsString | Should -Be '!ver to you'
        Test-Path $socket | Should -Be ($_ -eq 'listen') -Because 'a listener removes only its own socket file'
    }

    It 'receives a buffer from a C program, which learns of the release' {
        $peer = Start-CPeer send, connect, $socket, $backing
        $received = Receive-DmaBuf "unixd:$socket" -TimeoutSec 60
        $received.Size | Should -Be 65536
        $received.Origin | Should -Be Received
        0..3 | ForEach-Object { $received | Read-DmaBufContent -Offset ($_ * 16KB) -AsString } |
            Should -Be (0..3 | ForEach-Object { "range[$_] 16384 bytes created at 0s`n" })
        $received | Write-DmaBufContent 'W'
        $peer.HasExited | Should -BeFalse -Because 'the sender waits for the release'
        Remove-DmaBuf $received
        $peer | Wait-CPeer | Should -Be 'peer closed', 'first byte W'
    }

    It 'keeps the name of a buffer, unless the receiver gives it another' {
        foreach ($name in 'left eye', $null) {
            $named = New-UDmaBuf 4KB -Backing MemFd
            if ($name) { $named = New-UDmaBuf 4KB -Backing MemFd -Name $name }
            $sending = Start-ThreadJob {
                Import-Module $using:ModulePath
                $using:named | Send-DmaBufFd "unixd:$using:socket" -Count 2 -TimeoutSec 60
            }
            $first = Receive-DmaBuf "unix:$socket" -Wait -TimeoutSec 60
            $first.Name | Should -Be $name
            (Receive-DmaBuf "unix:$socket" -Wait -TimeoutSec 60 -Name mine).Name | Should -Be mine
            Should-Fail { Receive-DmaBuf "unix:$socket" -Name ('n' * 32) } 'Buffer,BadName' InvalidArgument '31 bytes'
            Receive-Job $sending -Wait | Should -BeNullOrEmpty
            Remove-Job $sending -Force
        }
    }

    It 'hands several buffers over to several peers, one after another' {
        $buffers = New-UDmaBuf 4KB, 8KB, 12KB @AnyBacking
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            Receive-DmaBuf "unix:$using:socket" -Count 3 -Wait -TimeoutSec 60
        }
        $buffers | Send-DmaBufFd "unixd:$socket" -TimeoutSec 60
        (Receive-Job $receiving -Wait).Inode | Should -Be $buffers.Inode
        Remove-Job $receiving -Force
    }

    It 'hands one buffer over to several peers with -Count' {
        $sending = Start-ThreadJob {
            Import-Module $using:ModulePath
            # Otherwise it could come first, and listen.
            foreach ($try in 1..3000) {
                if (Test-Path $using:socket) { break }
                Start-Sleep -Milliseconds 20
            }
            $using:buffer | Send-DmaBufFd "unix:$using:socket" -Count 3 -TimeoutSec 60
        }
        $received = Receive-DmaBuf "unixd:$socket" -Count 3 -TimeoutSec 60
        Receive-Job $sending -Wait | Should -BeNullOrEmpty
        Remove-Job $sending -Force
        $received.Inode | Should -Be (@($buffer.Inode) * 3)
    }

    It 'resolves a relative path from the session''s location' {
        Push-Location $TestDrive
        try { Should-Fail { Receive-DmaBuf unixd:rel.sock -TimeoutSec 0.1 } 'Wait,ETIMEDOUT' OperationTimeout }
        finally { Pop-Location }
        Test-Path $TestDrive/rel.sock | Should -BeFalse
    }

    It 'sends and receives nothing with -WhatIf' {
        $buffer | Send-DmaBufFd "unixd:$socket" -WhatIf
        Receive-DmaBuf "unixd:$socket" -WhatIf | Should -BeNullOrEmpty
        Test-Path $socket | Should -BeFalse
    }

    It 'completes the schemes of an address' {
        (TabExpansion2 'Receive-DmaBuf -Address u' 25).CompletionMatches.CompletionText | Should -Be unix:, unixd:
    }

    It 'refuses the address <Address>' -ForEach @(
        @{ Address = 'http:host:1'; Id = 'Address,UnknownScheme' }
        @{ Address = '/run/socket'; Id = 'Address,UnknownScheme' }
        @{ Address = 'unix:'; Id = 'Address,BadPath' }
        @{ Address = 'unix:/' + 'p' * 107; Id = 'Address,PathTooLong' }
        @{ Address = 'tcp:host:0'; Id = 'Address,BadPort' }
        @{ Address = 'tcp:host:port'; Id = 'Address,BadPort' }
        @{ Address = 'tcp:10.0.0.1:8000'; Id = 'Address,CannotPassDescriptors' }
        @{ Address = 'vsock:2:1'; Id = 'Address,CannotPassDescriptors' }) {
        Should-Fail { Receive-DmaBuf $Address -TimeoutSec 1 } $Id InvalidArgument
        Should-Fail { $buffer | Send-DmaBufFd $Address -TimeoutSec 1 } $Id InvalidArgument
    }

    It 'refuses a path in a missing folder, and one that is a file' {
        Should-Fail {
            Receive-DmaBuf unixd:$TestDrive/none/s -TimeoutSec 60
        } 'bind,ENOENT' ObjectNotFound 'create it first'
        'precious' | Set-Content $TestDrive/file
        Should-Fail { Receive-DmaBuf unixd:$TestDrive/file -TimeoutSec 60 } 'Address,NotASocket' ResourceExists
        Get-Content $TestDrive/file | Should -Be precious
    }

    It 'refuses a path on which another process listens, without disturbing that process' {
        $listener = Start-CPeer receive, listen, $socket
        Should-Fail { Receive-DmaBuf "unixd:$socket" -TimeoutSec 60 } 'bind,EADDRINUSE' ResourceBusy 'another'
        $buffer | Send-DmaBufFd "unix:$socket" -TimeoutSec 60
        $listener | Wait-CPeer | Should -Contain 'over to you'
    }

    It 'replaces a stale socket file' {
        $dead = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        $dead.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new($socket))
        Move-Item $socket "$socket.old"
        $dead.Dispose()
        Move-Item "$socket.old" $socket
        # Long enough to replace the file, which takes a moment because another listener could have just made it.
        Should-Fail { Receive-DmaBuf "unixd:$socket" -TimeoutSec 3 } 'Wait,ETIMEDOUT' OperationTimeout
        Test-Path $socket | Should -BeFalse
    }

    It 'refuses a peer whose misbehaviour is <Misbehaviour>, and leaves nothing open' -ForEach @(
        @{ Misbehaviour = 'close'; Id = 'Peer,ClosedEarly'; Category = 'ProtocolError' }
        @{ Misbehaviour = 'no-descriptor'; Id = 'Peer,NoDescriptor'; Category = 'ProtocolError' }
        @{ Misbehaviour = 'two-descriptors'; Id = 'Peer,TooManyDescriptors'; Category = 'ProtocolError' }
        @{ Misbehaviour = 'eight-descriptors'; Id = 'Peer,TooManyDescriptors'; Category = 'ProtocolError' }
        @{ Misbehaviour = 'two-bytes'; Id = 'Peer,ExtraData'; Category = 'ProtocolError' }
        @{ Misbehaviour = 'pipe'; Id = 'Buffer,NotABuffer'; Category = 'InvalidData' }
        @{ Misbehaviour = 'closed-pipe'; Id = 'Buffer,NotABuffer'; Category = 'InvalidData' }
        @{ Misbehaviour = 'file'; Id = 'Buffer,NotABuffer'; Category = 'InvalidData' }
        @{ Misbehaviour = 'unsealed-memfd'; Id = 'Buffer,NotSealed'; Category = 'SecurityError' }
        @{ Misbehaviour = 'nothing'; Id = 'Wait,ETIMEDOUT'; Category = 'OperationTimeout' }) {
        # Closes what earlier tests left, which would otherwise be closed in the meantime.
        [GC]::Collect()
        [GC]::WaitForPendingFinalizers()
        $before = Get-DescriptorCount
        $peer = Start-CPeer send, connect, $socket, memfd, $Misbehaviour
        Should-Fail { Receive-DmaBuf "unixd:$socket" -TimeoutSec ($Misbehaviour -eq 'nothing' ? 2 : 60) } $Id $Category
        $null = $peer | Wait-CPeer
        $after = Get-DescriptorCount
        foreach ($kind in 'socket:', '/memfd:peer', '/etc/passwd') {
            [int] $after[$kind] | Should -BeLessOrEqual ([int] $before[$kind]) -Because "more of $kind would be a leak"
        }
        Test-Path $socket | Should -BeFalse
    }

    It 'continues with the next peer after a bad one' {
        $bad = Start-CPeer send, connect, $socket, memfd, no-descriptor
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            $quiet = @{ ErrorAction = 'SilentlyContinue'; ErrorVariable = 'failed' }
            Receive-DmaBuf "unixd:$using:socket" -Count 2 -TimeoutSec 60 @quiet
            $failed.FullyQualifiedErrorId
        }
        $null = $bad | Wait-CPeer
        $good = Start-CPeer send, connect, $socket, memfd
        $received, $failed = Receive-Job $receiving -Wait
        Remove-Job $receiving -Force
        $received.Size | Should -Be 65536
        $failed | Should -BeLike 'Peer,NoDescriptor,*'
        Get-DmaBuf | Remove-DmaBuf
        $null = $good | Wait-CPeer
    }

    It 'refuses to send a removed buffer before it looks for a peer' {
        Remove-DmaBuf $buffer
        Should-Fail { $buffer | Send-DmaBufFd "unixd:$socket" } 'Buffer,Removed' ObjectNotFound
    }

    It 'waits with -Wait for a sender that starts later, instead of listening' {
        Should-Fail { Receive-DmaBuf "unix:$socket" -Wait -TimeoutSec 0.3 } 'Wait,ETIMEDOUT' OperationTimeout
        Test-Path $socket | Should -BeFalse
    }

    It 'advises -Domain for an address that carries only references' {
        foreach ($address in 'xenstore:frame', 'tcp:10.0.0.1:8000') {
            Should-Fail { Receive-DmaBuf $address } 'Address,CannotPassDescriptors' InvalidArgument '-Domain'
        }
        Should-Fail {
            $buffer | Send-DmaBufFd xenstore:frame
        } 'Address,CannotPassDescriptors' InvalidArgument 'Export-GrantRefs'
    }

    It 'ends every wait at -TimeoutSec' {
        Should-Fail { Receive-DmaBuf "unixd:$socket" -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout 'TimeoutSec'
        Should-Fail { Receive-DmaBuf "unix:$socket" -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout
        Should-Fail { $buffer | Send-DmaBufFd "unixd:$socket" -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout
        $silent = Start-CPeer send, listen, $socket, memfd, nothing
        # Long enough to send.
        Should-Fail {
            $buffer | Send-DmaBufFd "unix:$socket" -Wait -TimeoutSec 3
        } 'Wait,ETIMEDOUT' OperationTimeout 'TimeoutSec'
        # The peer has the buffer still, so its link is kept and the wait can be repeated.
        Should-Fail {
            $buffer | Wait-DmaBufRelease -TimeoutSec 0.2
        } 'Wait,ETIMEDOUT' OperationTimeout 'not done with the buffer.*TimeoutSec'
        Should-Fail {
            Receive-DmaBuf "unixd:$socket.new" -TimeoutSec 0.2
        } 'Wait,ETIMEDOUT' OperationTimeout 'other side is running'
        $silent.Kill()
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
        $null = $silent | Wait-CPeer
    }

    It 'takes a TimeSpan as a time limit' {
        $limit = [timespan]::FromMilliseconds(200)
        $failure = Get-ErrorOf { Receive-DmaBuf "unixd:$socket" -TimeoutSec $limit }
        $failure.Exception.Message | Should -BeLike 'Timed out after 0.2 s *'
        Should-Fail { $buffer | Send-DmaBufFd "unixd:$socket" -TimeoutSec $limit } 'Wait,ETIMEDOUT' OperationTimeout
        { Receive-DmaBuf "unixd:$socket" -TimeoutSec (-$limit) } | Should -Throw '*less than the minimum*'
    }

    It 'ends every wait at Ctrl+C, and leaves no socket file' {
        Stop-Command "Receive-DmaBuf 'unixd:$socket'" | Should -BeLessThan 10000
        Stop-Command "Receive-DmaBuf 'unix:$socket'" | Should -BeLessThan 10000
        Stop-Command "New-UDmaBuf 4KB -Backing MemFd | Send-DmaBufFd 'unixd:$socket' -Wait" | Should -BeLessThan 10000
        Stop-Command "New-UDmaBuf 4KB -Backing MemFd | Send-DmaBufFd 'unix:$socket' -Count 2" | Should -BeLessThan 10000
        Test-Path $socket | Should -BeFalse
        $silent = Start-CPeer send, listen, $socket, memfd, nothing
        Stop-Command "Receive-DmaBuf 'unix:$socket'" -When { Test-Connected $socket } | Should -BeLessThan 10000
        $silent | Wait-CPeer | Should -Contain 'peer closed'
        $silent = Start-CPeer send, listen, $socket, memfd, nothing
        Stop-Command "New-UDmaBuf 4KB -Backing MemFd | Send-DmaBufFd 'unix:$socket' -Wait" `
            -When { Test-Connected $socket } | Should -BeLessThan 10000
        $silent.Kill()
        $null = $silent | Wait-CPeer
    }

    It 'leaves no descriptor behind at a time limit, at Ctrl+C and after a release' {
        Should-LeakNothing {
            Receive-DmaBuf "unixd:$socket" -TimeoutSec 0.05 -ErrorAction SilentlyContinue
            $buffer | Send-DmaBufFd "unix:$socket" -TimeoutSec 0.05 -ErrorAction SilentlyContinue
            Stop-Command "Receive-DmaBuf 'unixd:$socket'" 300
            $peer = Start-CPeer send, connect, $socket, $backing
            Receive-DmaBuf "unixd:$socket" -TimeoutSec 60 | Remove-DmaBuf
            $peer | Wait-CPeer
        }
    }
}
