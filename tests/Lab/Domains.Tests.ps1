# What the cmdlets know of a host's domains.

BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Get-XenDomain' {
    It 'gives all domains in dom0, with names, types and states' {
        $seen = @(Get-XenDomain)
        $seen.Id | Should -Be @((xl list | Select-Object -Skip 1) -replace '^\S+\s+(\d+)\s.*', '$1')
        $seen[0] | ForEach-Object { $_.Name, $_.Type, "$($_.State)", $_.IsOwn } | Should -Be 'Domain-0', 'pv', 'Running', $true
        foreach ($guest in $seen | Where-Object Name -In alice, bob) {
            $guest.Type | Should -Be (xl list -l $guest.Name | ConvertFrom-Json).config.c_info.type
        }
        $seen | Where-Object IsOwn | Should -HaveCount 1
    }

    It 'gives a guest itself and dom0' {
        $seen = @(On alice { Get-XenDomain })
        $seen.Id | Should -Be 0, (Get-DomainId alice)
        ($seen | Where-Object IsOwn).Type | Should -Be (Get-DomainType alice)
    }

    It 'completes -Domain by id and by name, and both are taken' {
        $completions = (TabExpansion2 'Export-GrantRefs -Domain ' 25).CompletionMatches.CompletionText
        $completions | Should -Contain "$(Get-DomainId bob)"
        $completions | Should -Contain 'bob'
        foreach ($domain in 'alice', "$(Get-DomainId alice)") {
            $buffer = New-GrantBuf 4KB -Domain $domain
            $buffer.Grants.PeerDomain | Should -Be (Get-DomainId alice)
            $buffer | Remove-DmaBuf
        }
    }
}

Describe 'Get-DmaBufSupport' {
    It 'finds the grant devices of <_>' -ForEach dom0, alice, bob {
        On $_ { Test-DmaBufSupport Xen; Test-DmaBufSupport GrantDevice; Test-DmaBufSupport GrantAlloc } | Should -Be $true, $true, $true
    }
}
