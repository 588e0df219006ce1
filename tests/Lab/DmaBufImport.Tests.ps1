# Tests what a dma-buf made of references can do and a mapping cannot, in bob, a PVH guest with the changed driver.

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest bob
    Use-Driver Mmap bob
}

AfterAll { Assert-NothingLeft }

Describe 'A dma-buf of references' {
    BeforeAll {
        # Makes a second holder of an import: a buffer with a descriptor of the same dma-buf.
        On bob {
            function global:New-SecondHolder ($Import) {
                $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
                $there = [DmaBuf.Transport.Endpoint]::Parse('unixd:/run/second')
                $here = [DmaBuf.Transport.Endpoint]::Parse('unix:/run/second')
                $listener = [DmaBuf.Transport.StreamListener]::Listen($there)
                $sending = [DmaBuf.Transport.StreamConnector]::Connect($here, $limit)
                [DmaBuf.Sharing.DescriptorHandOff]::Send($sending, $Import, $limit)
                [DmaBuf.Sharing.DescriptorHandOff]::Receive($listener.Accept($limit), $limit)
                $sending.Dispose()
                $listener.Dispose()
                $limit.Dispose()
            }
        }
    }
    AfterEach { Assert-NothingLeft }

    It 'is made of the references in a directory' {
        Assert-Pvh bob
        $grants = New-UDmaBuf 16KB |
            Write-DmaBufContent 'by a directory' -PassThru |
            Export-GrantRefs -Domain bob -Directory
        On bob {
            param ($grants)
            Import-GrantRefs -Directory $grants.Directory -Size 16KB -Domain 0 -RequireDmaBuf |
                Read-DmaBufContent -AsString
        } @(, $grants) | Should -Be 'by a directory'
    }

    It 'contains a page twice whose reference is listed twice' {
        Assert-Pvh bob
        $buffer = New-UDmaBuf 8KB
        $buffer | Write-DmaBufContent 'page 0'
        $buffer | Write-DmaBufContent 'page 1' -Offset 4KB
        $grants = $buffer | Export-GrantRefs -Domain bob
        On bob {
            param ($grants)
            $import = Import-GrantRefs -Ref $grants.Refs[0], $grants.Refs[1], $grants.Refs[0] -Domain 0 -RequireDmaBuf
            0..2 | ForEach-Object { $import | Read-DmaBufContent -AsString -Offset ($_ * 4KB) -Count 6 }
            $import | Write-DmaBufContent 'twice!' -Offset 8KB
            $import | Read-DmaBufContent -AsString -Count 6
        } @(, $grants) | Should -Be 'page 0', 'page 1', 'page 0', 'twice!'
        $buffer | Read-DmaBufContent -AsString -Count 6 | Should -Be 'twice!'
    }

    It 'stays valid when the exporter revokes its references' {
        Assert-Pvh bob
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'before'
        $grants = $buffer | Export-GrantRefs -Domain bob
        On bob { param ($grants) $global:import = $grants | Import-GrantRefs -RequireDmaBuf } @(, $grants)
        $grants | Revoke-GrantRefs
        On bob {
            $import | Read-DmaBufContent -AsString
            $import | Write-DmaBufContent 'after!'
        } | Should -Be 'before'
        $buffer | Read-DmaBufContent -AsString | Should -Be 'after!'
    }

    It 'is released only when its last holder is done' {
        Assert-Pvh bob
        $grants = New-UDmaBuf 16KB | Export-GrantRefs -Domain bob
        $result = On bob {
            param ($grants)
            $import = $grants | Import-GrantRefs -RequireDmaBuf
            $second = New-SecondHolder $import
            $early = Get-Failure { $import | Wait-DmaBufRelease -TimeoutSec 1 }
            $second.Dispose()
            $import | Wait-DmaBufRelease -TimeoutSec 60
            [pscustomobject]@{ Early = $early.Id; Second = "$($second.Origin)"; Listed = @(Get-DmaBuf).Count }
        } @(, $grants)
        $result.Early | Should -BeLike 'Wait,ETIMEDOUT,*'
        $result.Second | Should -Be Received
        $result.Listed | Should -Be 0
    }

    It 'can be removed after the wait for its last holder has timed out' {
        Assert-Pvh bob
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'still held'
        $grants = $buffer | Export-GrantRefs -Domain bob
        $result = On bob {
            param ($grants)
            $import = $grants | Import-GrantRefs -RequireDmaBuf
            $second = New-SecondHolder $import
            $early = Get-Failure { $import | Wait-DmaBufRelease -TimeoutSec 1 }
            $import | Remove-DmaBuf
            [pscustomobject]@{
                Early = $early.Id
                Devices = [int] (Get-Holding)['descriptor of /dev/xen/gntdev']
                Text = $second | Read-DmaBufContent -AsString
            }
            $second.Dispose()
        } @(, $grants)
        $result.Early | Should -BeLike 'Wait,ETIMEDOUT,*'
        $result.Devices | Should -Be 0
        $result.Text | Should -Be 'still held'
    }
}
