# Tests how references reach a domain: by a stream, by xenstore, and as objects over remoting, jobs and files. None of
# this depends on how the pages are shared, which Sharing.Tests.ps1 tests.

BeforeDiscovery {
    $pairs = ('dom0', 'alice'), ('alice', 'dom0'), ('dom0', 'bob'), ('bob', 'dom0'), ('alice', 'bob'), ('bob', 'alice')
    $script:Ways = foreach ($pair in $pairs) {
        foreach ($transport in 'tcp', 'xenstore') {
            @{ Exporter = $pair[0]; Importer = $pair[1]; Transport = $transport }
        }
    }
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest alice, bob
    Assert-NothingLeft
    Use-Driver Mmap alice, bob

    # The exporter's whole part: a first wait for the release times out, and the second one succeeds.
    $script:Offer = {
        param ($peer, $address)
        $buffer = New-UDmaBuf 64KB
        $buffer | Write-DmaBufContent (Get-Noise 64KB 3)
        $grants = $buffer | Export-GrantRefs -Domain $peer
        $grants | Send-DmaBufFd $address -TimeoutSec 60
        $early = Get-Failure { $grants | Wait-DmaBufRelease -TimeoutSec 0.2 }
        $answer = Get-NoiseHash 64KB 4
        Wait-Until { ($buffer | Read-DmaBufContent -AsHash).Hash -eq $answer }
        # The importer keeps the buffer until it reads this.
        $buffer | Write-DmaBufContent 'go on'
        $seen = $grants | Wait-DmaBufRelease -TimeoutSec 60 -PassThru
        $at = [datetime]::UtcNow
        [pscustomobject]@{ Early = $early.Id; Seen = $seen.Count; At = $at }
        $grants | Revoke-GrantRefs
        $buffer | Remove-DmaBuf
    }
    $script:Take = {
        param ($exporter, $address)
        $import = Receive-DmaBuf $address -Domain $exporter -Wait -TimeoutSec 60
        ($import | Read-DmaBufContent -AsHash).Hash
        # This is the answer.
        $import | Write-DmaBufContent (Get-Noise 64KB 4)
        Wait-Until { ($import | Read-DmaBufContent -AsString -Count 5) -eq 'go on' }
        $import | Remove-DmaBuf
        [datetime]::UtcNow
    }
    # The steps one by one.
    $script:Export = {
        param ($peer)
        $global:buffer = New-UDmaBuf 64KB
        $buffer | Write-DmaBufContent (Get-Noise 64KB 3)
        $global:grants = $buffer | Export-GrantRefs -Domain $peer
    }
    $script:Send = { param ($address) $grants | Send-DmaBufFd $address -TimeoutSec 200 }
    $script:Receive = {
        param ($address, $exporter)
        $global:import = Receive-DmaBuf $address -Domain $exporter -Wait -TimeoutSec 60
        ($import | Read-DmaBufContent -AsHash).Hash
    }
}

AfterAll { Assert-NothingLeft }

Describe 'By <Transport> from <Exporter> to <Importer>' -ForEach $Ways {
    It 'the buffer arrives, an answer comes back, and the exporter sees the release' {
        $there, $here = $Transport -eq 'tcp' ?
            ('tcpd:0.0.0.0:8000', "tcp:${Exporter}:8000") :
            ('xenstore:frame', 'xenstore:frame')
        $toOffer = (Get-DomainId $Importer), $there
        $toTake = "$(Get-DomainId $Exporter)", $here
        if ($Exporter -eq 'dom0') {
            $job = Start-On $Importer $Take $toTake
            $result = On dom0 $Offer $toOffer
            $hash, $released = Complete-Job $job
        }
        else {
            $job = Start-On $Exporter $Offer $toOffer
            $hash, $released = On $Importer $Take $toTake
            $result = Complete-Job $job
        }
        $hash | Should -Be (Get-NoiseHash 64KB 3)
        $result.Early | Should -BeLike 'Wait,ETIMEDOUT,*' -Because 'the importer still has the buffer'
        $result.Seen | Should -Be 16 -Because 'the release was seen'
        # All domains use the host's clock.
        ($result.At - $released).TotalSeconds | Should -BeLessThan 10 -Because 'the release is seen at once'
        Get-OfferNode | Should -BeNullOrEmpty -Because 'an offer''s node is removed at its end'
    }
}

Describe 'By xenstore' {
    AfterEach { Assert-NothingLeft }

    It 'carries a directory''s one reference' {
        On alice {
            param ($peer)
            $global:buffer = New-UDmaBuf 8MB
            $buffer | Write-DmaBufContent (Get-Noise 8MB 5)
            $global:grants = $buffer | Export-GrantRefs -Domain $peer -Directory
        } 0
        $job = Start-On alice $Send xenstore:frame
        $import = Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 60
        Complete-Job $job
        $import.Grants.Directory | Should -Be (On alice { $grants.Directory })
        ($import | Read-DmaBufContent -AsHash).Hash | Should -Be (Get-NoiseHash 8MB 5)
    }

    It 'carries as many references as a guest''s nodes can hold' {
        On bob {
            $global:buffer = New-UDmaBuf 16MB
            $buffer | Write-DmaBufContent (Get-Noise 16MB 6)
            $global:grants = $buffer | Export-GrantRefs -Domain 0
        }
        $job = Start-On bob $Send xenstore:large
        $import = Receive-DmaBuf xenstore:large -Domain bob -TimeoutSec 60
        Complete-Job $job
        ($import | Read-DmaBufContent -AsHash).Hash | Should -Be (Get-NoiseHash 16MB 6)
    }

    It 'lets only the peer read the nodes, and the peer write only one of them' {
        On alice $Export (Get-DomainId bob)
        $job = Start-On alice $Send xenstore:private
        $node = Wait-Offer alice bob private
        $alice, $bob = (Get-DomainId alice), (Get-DomainId bob)
        foreach ($line in xenstore-ls -fp $node) {
            $access = $line -like "$node/release *" ? 'b' : 'r'
            $line | Should -Match "\(n$alice,$access$bob\)$"
        }
        $denied = Get-FailureOn bob {
            param ($node)
            $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(5))
            $store = [DmaBuf.Xen.XenStore]::Open($limit)
            try { $store.Write("$node/size", '1') } finally { $store.Dispose() }
        } $node
        $denied.Message | Should -BeLike '*EACCES*'
        On bob $Receive xenstore:private, "$alice" | Should -Be (Get-NoiseHash 64KB 3)
        Complete-Job $job
    }

    It 'hands over one buffer after another by one name, while the peer keeps them all' {
        $job = Start-On bob {
            $global:kept = 1..3 | ForEach-Object { Receive-DmaBuf xenstore:frame -Domain 0 -TimeoutSec 60 }
            $kept | Read-DmaBufContent -AsString -Count 5
        }
        $sent = '1st..', '2nd..', '3rd..' | ForEach-Object {
            New-GrantBuf 4KB -Domain bob | Write-DmaBufContent $_ -PassThru
        }
        $sent | Send-DmaBufFd xenstore:frame -TimeoutSec 60
        Complete-Job $job | Should -Be '1st..', '2nd..', '3rd..'
        On bob { $kept | Remove-DmaBuf }
        $sent | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $sent
    }

    It 'keeps the order of offers that stand at the same time' {
        $jobs = foreach ($number in 1..3) {
            Start-ThreadJob {
                Import-Module $using:ModulePath
                New-GrantBuf 4KB -Domain bob | Write-DmaBufContent "no. $using:number" -PassThru |
                    Send-DmaBufFd xenstore:frame -TimeoutSec 200
            }
            $null = Wait-Offer dom0 bob frame $number
        }
        On bob {
            1..3 | ForEach-Object { Receive-DmaBuf xenstore:frame -Domain 0 -TimeoutSec 60 } |
                Read-DmaBufContent -AsString -Count 5
        } | Should -Be 'no. 1', 'no. 2', 'no. 3'
        $jobs | ForEach-Object { Complete-Job $_ }
    }

    It 'fails when the references are revoked before the peer imports them, and withdraws them' {
        On dom0 $Export (Get-DomainId bob)
        $sending = Start-ThreadJob {
            Import-Module $using:ModulePath
            Send-DmaBufFd xenstore:frame -InputObject $using:grants -TimeoutSec 60 -ErrorAction SilentlyContinue `
                -ErrorVariable failures
            $failures.FullyQualifiedErrorId
        }
        $null = Wait-Offer dom0 bob frame
        $grants | Revoke-GrantRefs
        Complete-Job $sending | Should -BeLike 'Buffer,NoLease,*'
        Get-OfferNode | Should -BeNullOrEmpty
    }

    It 'tells the exporter why an import failed' {
        On alice $Export 0
        $job = Start-On alice { Get-Failure { $grants | Send-DmaBufFd xenstore:frame -TimeoutSec 60 } }
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain alice -RequireDmaBuf -TimeoutSec 60 }
        Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,EINVAL' InvalidArgument
        $told = Complete-Job $job
        Should-Fail $told 'Peer,ImportFailed' ProtocolError
        $told.Message | Should -BeLike '*IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS*EINVAL*'
    }
}

Describe 'An offer in xenstore' -Tag Arm64 {
    BeforeAll {
        # Writes an offer's nodes in place of the exporter, because dom0 may write everywhere.
        function Write-Offer ([hashtable] $Nodes) {
            Use-Store {
                param ($store)
                foreach ($node in $Nodes.Keys) { $store.Write("$offer/$node", $Nodes[$node]) }
                $store.Write("$offer/state", 'ready')
            }
        }
        $offer = "/local/domain/$(Get-DomainId alice)/data/dmabufps/0/frame/1"
    }
    AfterEach {
        Use-Store { param ($store) $store.Remove("/local/domain/$(Get-DomainId alice)/data/dmabufps") }
        Assert-NothingLeft
    }

    It 'with <Node> "<Value>" is refused, and its exporter is told' -ForEach @(
        @{ Node = 'size'; Value = '4097'; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = '0'; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = '-4096'; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = '99999999999999999999'; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = '17592186040320'; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = ''; Id = 'Peer,BadCount' }
        @{ Node = 'size'; Value = '268435456'; Id = 'Peer,BadCount' }
        @{ Node = 'refs/0'; Value = '1'; Id = 'Peer,BadCount' }
        @{ Node = 'refs/0'; Value = '1 2 3'; Id = 'Peer,BadCount' }
        @{ Node = 'refs/0'; Value = '1 0x2'; Id = 'Peer,BadNode' }
        @{ Node = 'refs/0'; Value = '1  2'; Id = 'Peer,BadNode' }
        @{ Node = 'refs/0'; Value = '1 4294967296'; Id = 'Peer,BadNode' }
        @{ Node = 'refs/0'; Value = '30001 30002'; Id = 'mmap,EINVAL' }
        @{ Node = 'directory'; Value = '-1'; Id = 'Peer,BadNode' }
        @{ Node = 'directory'; Value = '30001'; Id = 'mmap,EINVAL' }
        @{ Node = 'notify'; Value = 'none'; Id = 'Peer,BadNode' }) {
        $nodes = @{ owner = '1 1 1'; size = '8192'; 'refs/0' = '1 2'; release = '' }
        $nodes[$Node] = $Value
        Write-Offer $nodes
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 20 }
        $failure.Id | Should -BeLike "$Id,*"
        $failure.Cure | Should -Not -BeNullOrEmpty
        $failure.Left | Should -BeNullOrEmpty
        Use-Store { param ($store) $store.Read("$offer/release") } | Should -BeLike 'failed ?*'
    }

    It 'that another process has taken is left to it' {
        On alice $Export 0
        $job = Start-On alice $Send xenstore:frame
        $import = Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 60
        Complete-Job $job
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 1 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout
        ($import | Read-DmaBufContent -AsHash).Hash | Should -Be (Get-NoiseHash 64KB 3)
    }

    It 'is gone when its exporter revokes, and the importer''s release recreates no node' {
        On alice $Export 0
        $job = Start-On alice $Send xenstore:frame
        $import = Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 60
        Complete-Job $job
        On alice { $grants | Revoke-GrantRefs }
        Get-OfferNode | Should -BeNullOrEmpty
        $import | Remove-DmaBuf
        Get-OfferNode | Should -BeNullOrEmpty
    }
}

Describe 'A wait for a release' {
    AfterEach { Assert-NothingLeft }

    It 'fails when the references are revoked in the meantime, by <_>' -ForEach tcp, xenstore {
        $there, $here = $_ -eq 'tcp' ?
            ('tcpd:0.0.0.0:8005', 'tcp:dom0:8005') :
            ('xenstore:frame', 'xenstore:frame')
        On dom0 $Export (Get-DomainId bob)
        $job = Start-On bob $Receive $here, 0
        On dom0 $Send $there
        Complete-Job $job | Should -Be (Get-NoiseHash 64KB 3)
        $waiting = Start-ThreadJob {
            Import-Module $using:ModulePath
            # The first wait loads what the second one needs, which therefore begins at once.
            Wait-DmaBufRelease $using:grants -TimeoutSec 0.1 -ErrorAction SilentlyContinue
            'begins'
            Wait-DmaBufRelease $using:grants -TimeoutSec 60 -ErrorAction SilentlyContinue -ErrorVariable failures
            $failures.FullyQualifiedErrorId
        }
        Wait-Until { Receive-Job $waiting }
        Start-Sleep 2
        $waiting.State | Should -Be Running
        $grants | Revoke-GrantRefs
        Complete-Job $waiting | Should -BeLike 'Buffer,LinkEnded,*'
    }
}

Describe 'As an object' {
    AfterEach { Assert-NothingLeft }

    It 'arrives over remoting at the prompt, in one pipeline' {
        $import = Invoke-Command -Session (Get-Guest alice) {
            New-UDmaBuf -Size 1MB | Write-DmaBufContent 'from the guest' -PassThru | Export-GrantRefs -Domain 0
        } | Import-GrantRefs
        $import.Size | Should -Be 1MB
        $import | Read-DmaBufContent -AsString | Should -Be 'from the guest'
    }

    It 'arrives through a file' {
        On bob $Export 0
        $text = On bob { $grants | Export-Clixml /run/refs.xml; Get-Content /run/refs.xml -Raw }
        Set-Content $TestDrive/refs.xml $text
        (Import-Clixml $TestDrive/refs.xml | Import-GrantRefs | Read-DmaBufContent -AsHash).Hash |
            Should -Be (Get-NoiseHash 64KB 3)
    }

    It 'arrives from a job, and ends with it' {
        $job = Start-Job -ArgumentList $ModulePath, (Get-DomainId alice) {
            param ($module, $peer)
            Import-Module $module
            New-UDmaBuf 4KB | Write-DmaBufContent 'from a job' -PassThru | Export-GrantRefs -Domain $peer
            Start-Sleep 300
        }
        Wait-Until { $script:grants = Receive-Job $job; $grants }
        $grants.PSObject.TypeNames | Should -Contain 'Deserialized.DmaBuf.Grants.GrantRefs'
        On alice {
            param ($grants)
            $grants | Import-GrantRefs | Read-DmaBufContent -AsString -Count 10
            Get-DmaBuf | Remove-DmaBuf
        } @(, $grants) | Should -Be 'from a job'
        Remove-Job $job -Force
        for ($i = 0; $i -lt 40 -and -not $failure; $i++) {
            Start-Sleep -Milliseconds 500
            $failure = Get-FailureOn alice {
                param ($grants)
                $grants | Import-GrantRefs -Mapping | Remove-DmaBuf
            } @(, $grants)
        }
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument 'still open'
    }
}

Describe 'With a C program in dom0' {
    BeforeAll {
        $program = Join-Path $TestDrive grants
        cc -O1 -o $program $RepositoryRoot/tests/Peers/grants.c
        if ($LASTEXITCODE) { throw 'cc failed on grants.c' }
    }
    AfterEach { Assert-NothingLeft }

    It 'a guest imports what the program exports, and the program reads what the guest wrote' {
        $job = Start-On bob {
            $import = Receive-DmaBuf tcp:dom0:8004 -Domain 0 -Wait -TimeoutSec 60
            for ($at = 0; $at -lt $import.Size; $at += 4KB) {
                $import | Read-DmaBufContent -AsString -Offset $at
                $import | Write-DmaBufContent "page $($at / 4KB) of bob, the importer" -Offset $at
            }
            $import | Remove-DmaBuf
        }
        $seen = & $program export 8004 (Get-DomainId bob)
        Complete-Job $job | Should -Be (0..3 | ForEach-Object { "page $_ of the exporter" })
        $seen | Should -Be (0..3 | ForEach-Object { "page $_ of bob, the importer" })
    }

    It 'the program imports what a guest exports, and the guest reads what the program wrote' {
        $job = Start-On bob {
            $buffer = New-UDmaBuf 16KB
            0..3 | ForEach-Object { $buffer | Write-DmaBufContent "page $_ of bob, the exporter" -Offset ($_ * 4KB) }
            $buffer | Export-GrantRefs -Domain 0 | Send-DmaBufFd tcpd:0.0.0.0:8004 -Wait -TimeoutSec 60
            0..3 | ForEach-Object { $buffer | Read-DmaBufContent -AsString -Offset ($_ * 4KB) }
        }
        $seen = & $program import bob 8004 (Get-DomainId bob)
        Complete-Job $job | Should -Be (0..3 | ForEach-Object { "page $_ of the importer" })
        $seen | Should -Be (0..3 | ForEach-Object { "page $_ of bob, the exporter" })
    }
}

Describe 'A remote session that ends' {
    AfterEach { Assert-NothingLeft }

    # This ends the session that the earlier tests used; a later test that needs one starts another.
    It 'ends the export; what has been imported stays, and a later import says why it fails' {
        $grants = On alice {
            $global:buffer = New-UDmaBuf 64KB
            $buffer | Write-DmaBufContent 'from a session'
            $buffer | Export-GrantRefs -Domain 0
        }
        $import = $grants | Import-GrantRefs
        Find-Guest alice | Remove-PSSession
        $import | Read-DmaBufContent -AsString | Should -Be 'from a session'
        $import | Write-DmaBufContent 'after the session'
        $import | Read-DmaBufContent -AsString | Should -Be 'after the session'
        $import | Remove-DmaBuf
        Should-Fail (Wait-Failure { $grants | Import-GrantRefs }) 'mmap,EINVAL' InvalidArgument 'session'
    }

    It 'with its only command leaves what was imported by then, and a later import says why it fails' {
        $import = try {
            Invoke-Command -HostName alice -ArgumentList $ModulePath -OutVariable grants {
                param ($modulePath)
                Import-Module $modulePath
                New-UDmaBuf -Size 1MB | Write-DmaBufContent 'from the guest' -PassThru | Export-GrantRefs -Domain 0
            } | Import-GrantRefs
        }
        catch {
            $_ | ConvertTo-Failure
        }
        # The session may have ended before the import.
        if ($import -isnot [DmaBuf.Buffers.DmaBuffer]) {
            Should-Fail $import 'mmap,EINVAL' InvalidArgument 'session'
        }
        else {
            $import | Read-DmaBufContent -AsString | Should -Be 'from the guest'
            $import | Remove-DmaBuf
        }
        $grants[0].Count | Should -Be 256
        Should-Fail (Wait-Failure { $grants | Import-GrantRefs }) 'mmap,EINVAL' InvalidArgument 'session'
    }
}
