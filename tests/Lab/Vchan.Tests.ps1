# Streams in memory that two domains share, with this module on both sides and with Xen's own library on one.

BeforeDiscovery {
    $Ways = foreach ($pair in ('dom0', 'alice'), ('alice', 'bob')) { @{ Exporter = $pair[0]; Importer = $pair[1] } }
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest alice, bob
    Assert-NothingLeft
    Use-Driver Mmap alice, bob

    $script:Give = {
        param ($peer, $address)
        $buffer = New-GrantBuf 64KB -Domain $peer
        $buffer | Write-DmaBufContent (Get-Noise 64KB 3)
        $buffer | Send-DmaBufFd $address -TimeoutSec 60
        (Get-Failure { $buffer | Wait-DmaBufRelease -TimeoutSec 0.2 }).Id
        $answer = Get-NoiseHash 64KB 4
        Wait-Until { ($buffer | Read-DmaBufContent -AsHash).Hash -eq $answer }
        # The importer keeps the buffer until it reads this.
        $buffer | Write-DmaBufContent 'go on'
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
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
    }

    # Returns the nodes of vchans that nobody has taken or removed.
    function Get-VchanNode {
        Use-Store {
            param ($store)
            foreach ($id in $store.List('/local/domain')) {
                foreach ($peer in $store.List("/local/domain/$id/data/vchan")) {
                    $store.List("/local/domain/$id/data/vchan/$peer")
                }
            }
        }
    }
}

Describe 'By vchan from <Exporter> to <Importer>' -ForEach $Ways {
    AfterEach { Assert-NothingLeft }

    It 'a buffer arrives, an answer comes back, and the exporter sees the release' {
        $toGive = (Get-DomainId $Importer), "vchand:$(Get-DomainId $Importer):frame"
        $toTake = "$(Get-DomainId $Exporter)", "vchan:$(Get-DomainId $Exporter):frame"
        if ($Exporter -eq 'dom0') {
            $job = Start-On $Importer $Take $toTake
            $early = On dom0 $Give $toGive
            $hash = Complete-Job $job
        }
        else {
            $job = Start-On $Exporter $Give $toGive
            $hash = On $Importer $Take $toTake
            $early = Complete-Job $job
        }
        $hash | Should -Be (Get-NoiseHash 64KB 3)
        $early | Should -BeLike 'Wait,ETIMEDOUT,*' -Because 'the importer still has the buffer'
        Get-VchanNode | Should -BeNullOrEmpty
    }
}

Describe 'A vchan with Xen''s own library in dom0' {
    BeforeAll {
        $program = Join-Path $TestDrive vchan
        cc -O1 -o $program $RepositoryRoot/tests/Peers/vchan.c -l:libxenvchan.so.4.17
        if ($LASTEXITCODE) { throw 'cc failed on vchan.c' }
        # More than a ring holds: 60000 references that stand for nothing.
        $words = [uint[]] (, 60000 + 1..60000)
        $blob = [byte[]]::new(4 * $words.Count)
        [Buffer]::BlockCopy($words, 0, $blob, 0, $blob.Count)
        [IO.File]::WriteAllBytes("$TestDrive/blob", $blob)
        $alice = Get-DomainId alice
        $path = "/local/domain/$alice/data/vchan/0/lib"
        $own = "/local/domain/0/data/vchan/$alice/lib"
        $send = {
            param ($address)
            $refs = [DmaBuf.Grants.GrantRefs]@{ Domain = 1; PeerDomain = 0; Refs = [uint[]] (1..60000) }
            $refs | Send-DmaBufFd $address -TimeoutSec 120 -Wait
        }

        function Start-Program ([string] $Words) { bash -c "exec $program $Words < /dev/null" }
    }
    AfterEach { Assert-NothingLeft }

    It 'connecting, it receives what a guest sends, and a peer that did not read it all does not count' {
        $job = Start-On alice $send 'vchand:0:lib'
        Start-Program "connect $alice $path 10" | Should -Not -BeNullOrEmpty
        Start-Program "connect $alice $path $($blob.Count) > $TestDrive/got"
        Complete-Job $job
        (Get-FileHash $TestDrive/got).Hash | Should -Be (Get-FileHash $TestDrive/blob).Hash
        Get-VchanNode | Should -BeNullOrEmpty
    }

    It 'listening, it sends to a guest, and learns that the guest is done' {
        $listen = "$program listen $alice $own < $TestDrive/blob; echo `$?"
        $job = Start-ThreadJob { bash -c $using:listen }
        $failure = Get-FailureOn alice { Receive-DmaBuf vchan:0:lib -Domain 0 -Wait -TimeoutSec 60 }
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument
        Complete-Job $job | Should -Be 0
    }

    It 'killed before a client comes, it leaves nodes that are no server, and that the next server replaces' {
        $id = bash -c "$program listen $alice $own < /dev/null > /dev/null & echo `$!"
        # The last node that it writes.
        Wait-Until { Use-Store { param ($store) $store.Read("$own/event-channel") } }
        kill -9 $id
        $failure = Get-FailureOn alice { Receive-DmaBuf vchan:0:lib -Domain 0 -TimeoutSec 60 }
        Should-Fail $failure 'connect,ECONNREFUSED' ConnectionError
        $job = Start-On alice $Take '0', 'vchan:0:lib'
        $null = On dom0 $Give $alice, "vchand:${alice}:lib"
        (Complete-Job $job) | Should -Be (Get-NoiseHash 64KB 3)
        Get-VchanNode | Should -BeNullOrEmpty
    }

    It 'killed while a guest waits for data, it is gone at once' {
        $id = bash -c "exec 3<> <(sleep 100); exec $program listen $alice $own <&3 > /dev/null & echo `$!"
        $job = Start-On alice {
            Get-Failure { Receive-DmaBuf vchan:0:lib -Domain 0 -Wait -TimeoutSec 60 }
            # All domains use the host's clock.
            [datetime]::UtcNow
        }
        Wait-Until { ssh -n alice 'ls -l /proc/[0-9]*/fd 2> /dev/null | grep /dev/xen/evtchn' }
        kill -9 $id
        $sent = [datetime]::UtcNow
        $failure, $seen = Complete-Job $job
        Should-Fail $failure 'Peer,ClosedEarly' ProtocolError
        ($seen - $sent).TotalSeconds | Should -BeLessThan 20
        Use-Store { param ($store) $store.Remove($own) }
    }
}

Describe 'A vchan of what is not a server' {
    BeforeAll {
        $alice = Get-DomainId alice
        $node = "/local/domain/0/data/vchan/$alice/none"
    }
    BeforeEach {
        $channel = [DmaBuf.Xen.XenDomain].Assembly.GetType('DmaBuf.Xen.EventChannel').
            GetMethod('Offer').Invoke($null, @([uint16] $alice))
        $page = New-GrantBuf 4KB -Domain alice
        # Rings of 2048 and 1024 bytes in the page itself; the client has not come yet, and the server is there.
        $page | Write-DmaBufContent (11, 0, 10, 0, 2, 1, 1) -Offset 16
        Use-Store {
            param ($store)
            $store.Write("$node/ring-ref", "$($page.Grants.Refs[0])")
            $store.Write("$node/event-channel", "$($channel.Port)")
            foreach ($name in 'ring-ref', 'event-channel') {
                $store.SetPermissions("$node/$name", 0, $alice, $false)
            }
        }
    }
    AfterEach {
        $channel.Dispose()
        Use-Store { param ($store) $store.Remove($node) }
        Assert-NothingLeft
    }

    It 'because <Name>, is refused' -ForEach @(
        @{ Name = 'it is gone'; Offset = 21; Bytes = 0; Id = 'connect,ECONNREFUSED'; Category = 'ConnectionError' }
        @{ Name = 'it has a client'; Offset = 20; Bytes = 1; Id = 'connect,ECONNREFUSED'; Category = 'ConnectionError' }
        @{ Name = 'a ring is too small'; Offset = 16; Bytes = 9; Id = 'Peer,BadRing'; Category = 'ProtocolError' }
        @{ Name = 'a ring is too large'; Offset = 18; Bytes = 21; Id = 'Peer,BadRing'; Category = 'ProtocolError' }
        @{ Name = 'its rings overlap'; Offset = 16; Bytes = 10; Id = 'Peer,BadRing'; Category = 'ProtocolError' }
        @{ Name = 'it has no pages'; Offset = 16; Bytes = 13; Id = 'mmap,EINVAL'; Category = 'InvalidArgument' }
        @{ Name = 'an index is impossible'; Offset = 12; Bytes = 0, 0, 0, 128; Id = 'Peer,BadRing'
            Category = 'ProtocolError' }) {
        $page | Write-DmaBufContent $Bytes -Offset $Offset
        $failure = Get-FailureOn alice { Receive-DmaBuf vchan:0:none -Domain 0 -TimeoutSec 60 }
        Should-Fail $failure $Id $Category
    }
}

Describe 'A vchan''s address' {
    It 'may not be longer than libxenvchan takes' {
        Should-Fail (Get-Failure { Receive-DmaBuf vchand:alice:a23456789012345678901 -Domain alice }) `
            'Address,BadName' InvalidArgument 'shorter'
    }

    It 'belongs to the last one that listens there' {
        $address = 'vchand:alice:same'
        $first = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { Receive-DmaBuf $using:address -Domain alice -TimeoutSec 60 -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId }
        }
        Wait-Until { Get-VchanNode }
        # Long enough to take the address.
        $failure = Get-Failure { Receive-DmaBuf $address -Domain alice -TimeoutSec 10 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout
        Complete-Job $first | Should -BeLike 'bind,EADDRINUSE,*'
        Get-VchanNode | Should -BeNullOrEmpty
    }
}
