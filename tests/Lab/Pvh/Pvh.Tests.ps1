# A PVH guest, where the changed driver makes dma-bufs of references. An emulated processor can lose such a guest at any
# moment (lab/README.md), the sooner the more it does: so this is short, and dmabuf-peer does the rest.

BeforeAll {
    . $PSScriptRoot/../common.ps1
    Start-Guest alice
}

AfterAll { Assert-NothingLeft }

Describe 'A PVH guest' {
    AfterEach { Assert-NothingLeft }

    It 'imports as a dma-buf, as a mapping and by a directory, and its answers come back' {
        $buffers = 1..3 | ForEach-Object { New-UDmaBuf 16KB | Write-DmaBufContent "buffer $_" -PassThru }
        $grants = $buffers[0], $buffers[1] | Export-GrantRefs -Domain alice
        $grants += $buffers[2] | Export-GrantRefs -Domain alice -Directory
        $seen = On alice {
            param ($first, $second, $third)
            $imports = ($first | Import-GrantRefs), ($second | Import-GrantRefs -Mapping),
                (Import-GrantRefs -Directory $third.Directory -Size 16KB -Domain 0 -RequireDmaBuf)
            foreach ($import in $imports) {
                "$($import.Origin)", ($import | Read-DmaBufContent -AsString -Count 8)
                $import | Write-DmaBufContent 'answered' -Offset 12KB
            }
        } $grants
        $seen | Should -Be 'GrantImport', 'buffer 1', 'GrantMapping', 'buffer 2', 'GrantImport', 'buffer 3'
        $buffers | Read-DmaBufContent -AsString -Offset 12KB -Count 8 | Should -Be 'answered', 'answered', 'answered'
    }

    It 'exports dma-bufs without a warning, and a PV domain''s answer comes back' {
        $grants = On alice {
            $global:buffer = New-UDmaBuf 16KB | Write-DmaBufContent 'from a PVH guest' -PassThru
            $buffer | Export-GrantRefs -Domain 0 -WarningAction Stop
        }
        $import = $grants | Import-GrantRefs
        $import | Read-DmaBufContent -AsString | Should -Be 'from a PVH guest'
        $import | Write-DmaBufContent 'answered' -Offset 12KB
        On alice { $buffer | Read-DmaBufContent -AsString -Offset 12KB -Count 8 } | Should -Be 'answered'
    }
}

Describe 'A dma-buf of references' {
    BeforeAll {
        # A second holder of an import: the buffer that who got its descriptor has. By hand, for a job is too much here.
        On alice {
            function global:New-SecondHolder ($Import) {
                $limit = [DmaBuf.WaitLimit]::new([timespan]::FromSeconds(60))
                $listener = [DmaBuf.PeerListener]::Listen([DmaBuf.Endpoint]::Parse('unixd:/run/second'))
                $sending = [DmaBuf.PeerConnection]::Connect([DmaBuf.Endpoint]::Parse('unix:/run/second'), $limit)
                $sending.SendDescriptor($Import, $limit)
                $listener.Accept($limit).ReceiveDescriptor($limit)
                $sending.Dispose()
                $listener.Dispose()
                $limit.Dispose()
            }
        }
    }
    AfterEach { Assert-NothingLeft }

    It 'has the page of a reference that is listed twice twice' {
        $buffer = New-UDmaBuf 8KB
        $buffer | Write-DmaBufContent 'page 0'
        $buffer | Write-DmaBufContent 'page 1' -Offset 4KB
        $grants = $buffer | Export-GrantRefs -Domain alice
        On alice {
            param ($grants)
            $import = Import-GrantRefs -Ref $grants.Refs[0], $grants.Refs[1], $grants.Refs[0] -Domain 0 -RequireDmaBuf
            0..2 | ForEach-Object { $import | Read-DmaBufContent -AsString -Offset ($_ * 4KB) -Count 6 }
            $import | Write-DmaBufContent 'twice!' -Offset 8KB
            $import | Read-DmaBufContent -AsString -Count 6
        } @(, $grants) | Should -Be 'page 0', 'page 1', 'page 0', 'twice!'
        $buffer | Read-DmaBufContent -AsString -Count 6 | Should -Be 'twice!'
    }

    It 'stays good when the exporter revokes its references' {
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'before'
        $grants = $buffer | Export-GrantRefs -Domain alice
        On alice { param ($grants) $global:import = $grants | Import-GrantRefs -RequireDmaBuf } @(, $grants)
        $grants | Revoke-GrantRefs
        On alice {
            $import | Read-DmaBufContent -AsString
            $import | Write-DmaBufContent 'after!'
        } | Should -Be 'before'
        $buffer | Read-DmaBufContent -AsString | Should -Be 'after!'
    }

    It 'is waited for until its last holder is done' {
        $grants = New-UDmaBuf 16KB | Export-GrantRefs -Domain alice
        $result = On alice {
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

    It 'can be removed when the wait for its last holder was too long' {
        $buffer = New-UDmaBuf 16KB
        $buffer | Write-DmaBufContent 'still held'
        $grants = $buffer | Export-GrantRefs -Domain alice
        $result = On alice {
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
