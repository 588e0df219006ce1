# Tests in carol, a PV guest that was booted without iommu=soft: its kernel grants the wrong pages and reports success.
# The last tests destroy carol.

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest carol
}

Describe 'A PV guest without iommu=soft' {
    AfterEach { Assert-NothingLeft }

    It 'is warned by Export-GrantRefs, with advice, that the pages are wrong, and they are' {
        $grants, $warnings = On carol {
            $global:buffer = New-UDmaBuf 4KB
            $buffer | Write-DmaBufContent 'from carol'
            $buffer | Export-GrantRefs -Domain 0 -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings"
        }
        $warnings | Should -Match 'wrong pages'
        $warnings | Should -Match 'iommu=soft'
        # The import may succeed with a wrong page; then the content differs.
        $seen = try {
            $grants | Import-GrantRefs | Read-DmaBufContent -AsString -Count 10
        }
        catch {
            $_ | ConvertTo-Failure
        }
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
        # dom0 has imported a buffer from carol, carol has imported two from dom0, and another is on offer to carol.
        $grants = On carol {
            $global:buffer = New-GrantBuf 16KB -Domain 0
            $buffer | Write-DmaBufContent 'last words'
            $buffer.Grants
        }
        $import = $grants | Import-GrantRefs
        $given = New-GrantBuf 16KB -Domain carol
        $byVchan = New-GrantBuf 16KB -Domain carol
        $receiving = Start-On carol {
            $global:import = Receive-DmaBuf xenstore:given -Domain 0 -TimeoutSec 60
            $global:byVchan = Receive-DmaBuf vchan:0:given -Domain 0 -Wait -TimeoutSec 60
        }
        $given | Send-DmaBufFd xenstore:given -TimeoutSec 60
        $byVchan | Send-DmaBufFd vchand:carol:given -TimeoutSec 60
        $null = Complete-Job $receiving
        $offer = New-GrantBuf 16KB -Domain carol
        $offering = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { $using:offer | Send-DmaBufFd xenstore:offer -TimeoutSec 200 -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId }
        }
        $null = Wait-Offer dom0 carol offer
        xl destroy carol
        # Closes the ssh connection, which would not notice by itself.
        ssh -O exit carol 2>$null
    }
    AfterAll {
        Get-PSSession | Where-Object Name -EQ carol | Remove-PSSession
        Assert-NothingLeft
    }

    It 'is noticed by an exporter that waits for the release' {
        $given | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $given
        $byVchan | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $byVchan
    }

    It 'ends an offer that it has not taken, with an error' {
        Complete-Job $offering | Should -BeLike 'Peer,ClosedEarly,*'
    }

    It 'leaves the importer what it has mapped, and disappears when that is unmapped' {
        $import | Read-DmaBufContent -AsString | Should -Be 'last words'
        $import | Write-DmaBufContent 'still here'
        $import | Read-DmaBufContent -AsString | Should -Be 'still here'
        (xl list) -match '\(null\)' | Should -HaveCount 1
        $import | Remove-DmaBuf
        Wait-Until { -not ((xl list) -match '\(null\)') }
    }

    It 'no longer exists as a domain' {
        Should-Fail (Get-Failure { $grants | Import-GrantRefs }) 'mmap,EINVAL' InvalidArgument
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain $id -TimeoutSec 60 }
        Should-Fail $failure 'Domain,Unknown' ObjectNotFound
        Should-Fail (Get-Failure { New-GrantBuf 4KB -Domain $id }) 'Domain,Unknown' ObjectNotFound
        Get-XenDomain | Where-Object Id -EQ $id | Should -BeNullOrEmpty
    }
}
