# What becomes of a guest's buffers on the host when the guest, QEMU or the connection ends.

BeforeAll {
    . $PSScriptRoot/../common.ps1

    # QEMU's options for a vhost-user device that connects to this session.
    $script:device = '-chardev', 'socket,id=vu,path=/run/vm2.sock',
        '-device', 'vhost-user-fs-pci,chardev=vu,tag=guest-memory'

    # Starts the second guest with that device on its command line.
    function Start-Second {
        vm start vm2 @device @args 2>&1 | Out-Host
        $LASTEXITCODE | Should -Be 0
        $second | Should -Not -BeNullOrEmpty
        Wait-Until { $second.State -eq 'Ready' }
    }

    # Sends a command to the second guest's QEMU, which has one client at a time, and returns the answer.
    function Invoke-Qmp ([string] $Command, [hashtable] $Arguments = @{}) {
        $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        try {
            $socket.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new('/run/vm2.qmp'))
            $stream = [Net.Sockets.NetworkStream]::new($socket)
            $reader = [IO.StreamReader]::new($stream)
            foreach ($message in @{ execute = 'qmp_capabilities' }, @{ execute = $Command; arguments = $Arguments }) {
                $stream.Write([Text.Encoding]::UTF8.GetBytes("$($message | ConvertTo-Json -Compress -Depth 5)`n"))
                do { $answer = $reader.ReadLine() | ConvertFrom-Json } until ($answer.psobject.Properties['return'] -or
                    $answer.psobject.Properties['error'])
            }
            $answer
        }
        finally { $socket.Dispose() }
    }

    function Import-FromSecond {
        Start-Guest vm2
        On vm2 {
            $global:buffer = New-UDmaBuf 64KB
            $buffer | Write-DmaBufContent alive
            $buffer | Export-GuestPages
        } | Import-GuestPages -Guest vm2
    }
}

AfterAll { Assert-NothingLeft }

Describe 'A guest whose device is on QEMU''s command line' {
    BeforeEach { $script:second = Connect-GuestMemory vm2 /run/vm2.sock -Cid 4 }
    AfterEach {
        vm stop vm2
        Get-PSSession | Where-Object Name -EQ vm2 | Remove-PSSession
        Get-GuestMemory | Disconnect-GuestMemory
        Assert-NothingLeft
    }

    It 'is ready once its driver runs; a reboot and the end of QEMU end its buffers' {
        $second.State | Should -Be Waiting
        Start-Second
        $second.Size | Should -BeGreaterThan 256MB
        $second.Hazards | Should -Be BalloonUnknown
        $buffer = Import-FromSecond
        $buffer | Read-DmaBufContent -AsString | Should -Be alive
        Get-PSSession | Where-Object Name -EQ vm2 | Remove-PSSession
        vm reboot vm2
        $buffer.IsOpen | Should -BeFalse
        $failure = Get-Failure { param ($buffer) $buffer | Read-DmaBufContent } @(, $buffer)
        Should-Fail $failure 'Buffer,Removed' ObjectNotFound
        Wait-Until { $second.State -eq 'Ready' }
        $buffer = Import-FromSecond
        $buffer | Read-DmaBufContent -AsString | Should -Be alive
        kill -9 (Get-Content /run/vm2.pid)
        Wait-Until { $second.State -eq 'Waiting' -and -not $buffer.IsOpen }
        $second.BufferCount | Should -Be 0
    }

    It 'stays alive when the host lets go of it, and a second QEMU on its socket is refused' {
        Start-Second
        $buffer = Import-FromSecond
        $null = qemu-system-x86_64 -machine q35,memory-backend=mem -m 64 -display none -nodefaults `
            -object memory-backend-memfd,id=mem,size=64M,share=on @device 2>&1
        $LASTEXITCODE | Should -Not -Be 0
        $second.State | Should -Be Ready
        $buffer | Read-DmaBufContent -AsString | Should -Be alive
        $second | Disconnect-GuestMemory
        $buffer.IsOpen | Should -BeFalse
        On vm2 { $buffer | Read-DmaBufContent -AsString } | Should -Be alive
    }

    It 'is not migrated, and its buffers stay while a balloon takes other pages' {
        Start-Second -device virtio-balloon-pci
        $buffer = Import-FromSecond
        (Invoke-Qmp migrate @{ uri = 'exec:cat > /dev/null' }).error.desc | Should -Match 'vhost-user'
        On vm2 { modprobe virtio_balloon }
        $less = (Invoke-Qmp query-balloon).return.actual - 32MB
        $null = Invoke-Qmp balloon @{ value = $less }
        Wait-Until { (Invoke-Qmp query-balloon).return.actual -le $less }
        $buffer | Read-DmaBufContent -AsString | Should -Be alive
        On vm2 { $buffer | Write-DmaBufContent 'still alive' }
        $buffer | Read-DmaBufContent -AsString | Should -Be 'still alive'
    }

    It 'is shown to one session after another by dmabuf-peer, and all learn of its end' {
        $second | Disconnect-GuestMemory
        $peer = Start-Process $RepositoryRoot/out/dmabuf-peer guest-memory, /run/vm2.sock, /run/vm2-session.sock `
            -RedirectStandardOutput $TestDrive/said -PassThru
        try {
            Wait-Until { Test-Path /run/vm2.sock }
            vm start vm2 @device 2>&1 | Out-Host
            foreach ($session in 1, 2) {
                $second = Connect-GuestMemory vm2 /run/vm2-session.sock -Cid 4 -Wait -TimeoutSec 120
                $buffer = Import-FromSecond
                $buffer | Read-DmaBufContent -AsString | Should -Be alive
                if ($session -eq 1) {
                    $second | Disconnect-GuestMemory
                    $buffer.IsOpen | Should -BeFalse
                }
            }
            kill -9 (Get-Content /run/vm2.pid)
            Wait-Until { -not $buffer.IsOpen }
            # dmabuf-peer itself waits for another QEMU.
            $second.State | Should -Be Connected
        }
        finally {
            $peer.Kill()
            # Until then, it holds the address that the next test listens at.
            $peer.WaitForExit()
        }
    }

    It 'with share=off, is refused, and the hazard is shown' {
        vm start vm2 share=off @device 2>&1 | Out-Host
        Wait-Until { $second.State -eq 'Ready' }
        $second.Hazards | Should -Contain NotShared
        $global:hostile = [DmaBuf.Guests.GuestPages]@{
            FrameSize = 4096
            Ranges = [DmaBuf.Guests.FrameRange[]] @([DmaBuf.Guests.FrameRange]::new(4096, 1))
        }
        $failure = Get-Failure { Import-GuestPages $hostile -Guest vm2 }
        Should-Fail $failure 'Guest,BadMemory' NotImplemented 'share=on'
    }

    It 'with a balloon, has that hazard, which QMP tells' {
        $second | Disconnect-GuestMemory
        vm start vm2 -device virtio-balloon-pci
        $second = Connect-GuestMemory vm2 /run/vm2.sock -Cid 4 -Qmp /run/vm2.qmp -TimeoutSec 120
        $second.Hazards | Should -Be Balloon
        $buffer = Import-FromSecond
        $buffer | Read-DmaBufContent -AsString | Should -Be alive
    }
}
