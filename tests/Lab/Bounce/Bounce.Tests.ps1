# Tests in a dom0 that was booted with swiotlb=force, where the kernel grants a copy of the pages and reports success.

BeforeAll { . $PSScriptRoot/../common.ps1 }
AfterAll { Assert-NothingLeft }

Describe 'Export-GrantRefs in a dom0 with swiotlb=force' {
    It 'warns that the peer sees a snapshot, with advice, and is right' {
        $buffer = New-UDmaBuf 4KB
        $buffer | Write-DmaBufContent 'before'
        $grants = $buffer | Export-GrantRefs -Domain alice -WarningVariable warnings -WarningAction SilentlyContinue
        "$warnings" | Should -Match 'snapshot'
        "$warnings" | Should -Match 'New-GrantBuf'
        On alice { param ($grants) $global:import = $grants | Import-GrantRefs } @(, $grants)
        $buffer | Write-DmaBufContent 'after!'
        On alice { $import | Read-DmaBufContent -AsString } | Should -Be 'before'
    }

    It 'is not needed, because New-GrantBuf shares live pages without a warning' {
        $buffer = New-GrantBuf 4KB -Domain alice -WarningVariable warnings
        $warnings | Should -BeNullOrEmpty
        On alice { param ($grants) $global:import = $grants | Import-GrantRefs } @(, $buffer.Grants)
        $buffer | Write-DmaBufContent 'after!'
        On alice { $import | Read-DmaBufContent -AsString } | Should -Be 'after!'
    }
}
