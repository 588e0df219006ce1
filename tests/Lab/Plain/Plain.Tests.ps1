# Tests in a dom0 and a guest as on any Debian host: with the distribution's own grant driver, which lacks dma-bufs.

BeforeAll {
    . $PSScriptRoot/../common.ps1
    Start-Guest bob

    # The parts of an exchange. First: makes a granted buffer with noise in it and returns the references.
    $script:Make = {
        param ($peer)
        $global:buffer = New-GrantBuf 64KB -Domain $peer
        $buffer | Write-DmaBufContent (Get-Noise 64KB 3)
        $buffer.Grants
    }
    # Returns how the buffer was imported and the hash of its content, and writes other noise as the answer.
    $script:Take = {
        "$($import.Origin)"
        ($import | Read-DmaBufContent -AsHash).Hash
        $import | Write-DmaBufContent (Get-Noise 64KB 4)
        $import | Remove-DmaBuf
    }
    $script:Check = { ($buffer | Read-DmaBufContent -AsHash).Hash }
}

Describe 'With the distribution''s driver' {
    AfterEach { Assert-NothingLeft }

    It 'a dma-buf cannot be granted, and the error names New-GrantBuf' {
        $udmabuf = New-UDmaBuf 64KB
        $failure = Get-Failure { $udmabuf | Export-GrantRefs -Domain bob }
        Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOTTY' NotImplemented 'New-GrantBuf'
    }

    It 'no dma-buf can be made of references, and the error names the option that the kernel lacks' {
        $grants = On bob $Make 0
        $failure = Get-Failure { $grants | Import-GrantRefs -RequireDmaBuf }
        Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,ENOTTY' NotImplemented 'CONFIG_XEN_GNTDEV_DMABUF'
    }

    It 'New-GrantBuf shares with a guest by xenstore' {
        $null = On dom0 $Make bob
        $job = Start-On bob { $global:import = Receive-DmaBuf xenstore:plain -Domain 0 -TimeoutSec 60 }
        $buffer | Send-DmaBufFd xenstore:plain -TimeoutSec 60
        Complete-Job $job
        On bob $Take | Should -Be 'GrantMapping', (Get-NoiseHash 64KB 3)
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
        On dom0 $Check | Should -Be (Get-NoiseHash 64KB 4)
    }

    It 'New-GrantBuf of a guest shares with dom0 by xenstore' {
        $null = On bob $Make 0
        $job = Start-On bob { $buffer | Send-DmaBufFd xenstore:plain -Wait -TimeoutSec 60 }
        $import = Receive-DmaBuf xenstore:plain -Domain bob -TimeoutSec 60
        On dom0 $Take | Should -Be 'GrantMapping', (Get-NoiseHash 64KB 3)
        Complete-Job $job
        On bob $Check | Should -Be (Get-NoiseHash 64KB 4)
    }

    It 'New-GrantBuf shares with a guest as an object' {
        $grants = On dom0 $Make bob
        On bob { param ($grants) $global:import = $grants | Import-GrantRefs } @(, $grants)
        On bob $Take | Should -Be 'GrantMapping', (Get-NoiseHash 64KB 3)
        On dom0 $Check | Should -Be (Get-NoiseHash 64KB 4)
    }

    It 'New-GrantBuf of a guest shares with dom0 as an object' {
        $grants = On bob $Make 0
        $import = $grants | Import-GrantRefs
        On dom0 $Take | Should -Be 'GrantMapping', (Get-NoiseHash 64KB 3)
        On bob $Check | Should -Be (Get-NoiseHash 64KB 4)
    }
}
