# Tests what the cmdlets know about a host's domains.

BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Get-XenDomain' {
    It 'returns all domains in dom0, with names, types and states' {
        $seen = @(Get-XenDomain)
        $seen.Id | Should -Be @((xl list | Select-Object -Skip 1) -replace '^\S+\s+(\d+)\s.*', '$1')
        $seen[0] | ForEach-Object { $_.Name, $_.Type, "$($_.State)", $_.IsOwn } |
            Should -Be 'Domain-0', 'pv', 'Running', $true
        foreach ($guest in $seen | Where-Object Name -In alice, bob) {
            $guest.Type | Should -Be (xl list -l $guest.Name | ConvertFrom-Json).config.c_info.type
        }
        $seen | Where-Object IsOwn | Should -HaveCount 1
    }

    It 'returns the guest itself and dom0 in a guest' {
        $seen = @(On alice { Get-XenDomain })
        $seen.Id | Should -Be 0, (Get-DomainId alice)
        $seen[0].Name | Should -Be Domain-0
        ($seen | Where-Object IsOwn).Type | Should -Be (Get-DomainType alice)
    }

    It 'knows dom0 by its names, everywhere' {
        foreach ($name in 'dom0', 'Domain-0') {
            (On alice { param ($name) (Get-XenDomain $name).Id } $name) | Should -Be 0
            (On alice { param ($name) (New-GrantBuf 4KB -Domain $name).Grants.PeerDomain } $name) | Should -Be 0
        }
        On alice { Get-DmaBuf | Remove-DmaBuf }
    }

    It 'completes -Domain by id and by name, and cmdlets accept both' {
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
        On $_ { 'Xen', 'GrantDevice', 'GrantAlloc' | ForEach-Object { Test-DmaBufSupport $_ } } |
            Should -Be $true, $true, $true
    }
}
