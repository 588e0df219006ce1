# Tests that the KVM host and its guests have what the tests between them need.

BeforeAll { . $PSScriptRoot/../common.ps1 }

AfterAll { Assert-NothingLeft }

Describe 'The KVM host' {
    It 'has <_>' -ForEach '/dev/kvm', '/dev/vhost-vsock', '/dev/udmabuf', '/run/vm1.qmp' {
        $_ | Should -Exist
    }

    It 'starts a second guest with other memory and another device, and ends it' {
        vm start vm2 share=off memory=600 -device virtio-balloon-pci
        $LASTEXITCODE | Should -Be 0
        ssh -n vm2 'hostname; cat /proc/meminfo /sys/bus/pci/devices/*/class' | Set-Variable seen
        $seen[0] | Should -Be vm2
        [int] ($seen -match '^MemTotal' -replace '\D')[0] | Should -BeGreaterThan (500 * 1024)
        vm stop vm2
        Test-Running vm2 | Should -BeFalse
    }

    It 'says why a guest does not start' {
        $said = vm start vm2 -device no-such-device 2>&1
        $LASTEXITCODE | Should -Not -Be 0
        "$said" | Should -Match 'no-such-device'
    }

    It 'reboots a guest in the same QEMU' {
        $boot = '/proc/sys/kernel/random/boot_id'
        $before = ssh -n vm1 cat $boot
        $qemu = Get-Content /run/vm1.pid
        vm reboot vm1
        $LASTEXITCODE | Should -Be 0
        ssh -n vm1 cat $boot | Should -Not -Be $before
        Get-Content /run/vm1.pid | Should -Be $qemu
    }
}

Describe 'A guest' {
    It 'makes a buffer in its own PowerShell' {
        Start-Guest vm1
        On vm1 {
            New-UDmaBuf 64KB | Write-DmaBufContent 'in the guest' -PassThru | Read-DmaBufContent -AsString
        } | Should -Be 'in the guest'
    }

    It 'has <_>' -ForEach '/dev/vsock', '/dev/udmabuf', '/dev/hugepages' {
        On vm1 { param ($path) Test-Path $path } $_ | Should -BeTrue
    }
}
