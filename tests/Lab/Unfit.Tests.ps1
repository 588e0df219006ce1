# carol, a PV guest that was booted without iommu=soft: the kernel grants the wrong pages there, and reports success.
# The last test destroys her.

BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'A PV guest without iommu=soft' {
    AfterEach { Assert-NothingLeft }

    It 'is warned by Export-GrantRefs that the pages are wrong, with the cure, and they are' {
        $grants, $warnings = On carol {
            $global:buffer = New-UDmaBuf 4KB
            $buffer | Write-DmaBufContent 'from carol'
            $buffer | Export-GrantRefs -Domain 0 -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings"
        }
        $warnings | Should -Match 'wrong pages'
        $warnings | Should -Match 'iommu=soft'
        # A wrong page can be one that may be mapped: then it shows something else.
        $seen = try { $grants | Import-GrantRefs | Read-DmaBufContent -AsString -Count 10 } catch { $_ | ConvertTo-Failure }
        if ($seen.Id) { Should-Fail $seen 'mmap,EINVAL' InvalidArgument 'iommu=soft' }
        else { $seen | Should -Not -Be 'from carol' }
    }

    It 'shares with New-GrantBuf, without a warning' {
        $grants, $warnings = On carol {
            $global:buffer = New-GrantBuf 4KB -Domain 0
            $buffer | Write-DmaBufContent 'from carol'
            $buffer | Export-GrantRefs -Domain 0 -WarningVariable warnings
            "$warnings"
        }
        $warnings | Should -BeNullOrEmpty
        $grants | Import-GrantRefs | Read-DmaBufContent -AsString | Should -Be 'from carol'
    }
}

Describe 'A domain that is destroyed' {
    BeforeAll {
        $id = Get-DomainId carol
        # dom0 has a buffer of hers, she has one of dom0's, and one more is on offer to her.
        $grants = On carol {
            $global:buffer = New-GrantBuf 16KB -Domain 0
            $buffer | Write-DmaBufContent 'last words'
            $buffer.Grants
        }
        $import = $grants | Import-GrantRefs
        $given = New-GrantBuf 16KB -Domain carol
        $receiving = Start-On carol { $global:import = Receive-DmaBuf xenstore:given -Domain 0 -TimeoutSec 60 }
        $given | Send-DmaBufFd xenstore:given -TimeoutSec 60
        $null = Complete-Job $receiving
        $offer = New-GrantBuf 16KB -Domain carol
        $offering = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { $using:offer | Send-DmaBufFd xenstore:offer -TimeoutSec 60 -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
        }
        $null = Wait-Offer dom0 carol offer
        xl destroy carol
        # The connection would not notice.
        ssh -O exit carol 2>$null
    }
    AfterAll {
        Get-PSSession | Where-Object Name -EQ carol | Remove-PSSession
        Assert-NothingLeft
    }

    It 'is seen by the exporter who waits for the release' {
        $given | Wait-DmaBufRelease -TimeoutSec 30 -PassThru | Should -Be $given
    }

    It 'ends an offer that it has not taken, with an error' {
        Complete-Job $offering | Should -BeLike 'Peer,ClosedEarly,*'
    }

    It 'leaves to the importer what is mapped, and goes when that is unmapped' {
        $import | Read-DmaBufContent -AsString | Should -Be 'last words'
        $import | Write-DmaBufContent 'still here'
        $import | Read-DmaBufContent -AsString | Should -Be 'still here'
        (xl list) -match '\(null\)' | Should -HaveCount 1
        $import | Remove-DmaBuf
        Wait-Until { -not ((xl list) -match '\(null\)') } 20
    }

    It 'is no domain any more' {
        Should-Fail (Get-Failure { $grants | Import-GrantRefs }) 'mmap,EINVAL' InvalidArgument
        Should-Fail (Get-Failure { Receive-DmaBuf xenstore:frame -Domain $id -TimeoutSec 5 }) 'Address,UnknownDomain' ObjectNotFound
        Should-Fail (Get-Failure { New-GrantBuf 4KB -Domain $id }) 'Address,UnknownDomain' ObjectNotFound
        Get-XenDomain | Where-Object Id -EQ $id | Should -BeNullOrEmpty
    }
}
