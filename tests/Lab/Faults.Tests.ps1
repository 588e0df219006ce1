# Tests failures between domains. Each must be a clear error with advice; nothing may hang or be left behind.

BeforeAll {
    . $PSScriptRoot/common.ps1
    Assert-NothingLeft
    Use-Driver Mmap alice, bob
    $script:Limit = '/sys/module/xen_gntdev/parameters/limit'

    # Sends bytes to its first client and then closes the connection, or holds it. Returns the address.
    function Start-RawPeer ([byte[]] $Bytes, [switch] $Hold) {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $null = Start-ThreadJob {
            $client = ($using:listener).AcceptTcpClient()
            if ($using:Bytes) { $client.GetStream().Write($using:Bytes, 0, ($using:Bytes).Length) }
            if ($using:Hold) { Start-Sleep 100 }
            $client.Dispose()
            ($using:listener).Stop()
        }
        "tcp:127.0.0.1:$($listener.LocalEndpoint.Port)"
    }

    function ConvertTo-Blob ([uint32[]] $Words) {
        [byte[]] ($Words | ForEach-Object { [BitConverter]::GetBytes($_) })
    }

    # Makes a buffer of a domain's grant allocator and writes its number into each page. Returns the references.
    function New-GuestBuffer ([string] $Domain, [int] $Peer, [int] $Count = 4) {
        On $Domain {
            param ($peer, $count)
            $global:buffer = New-GrantBuf ($count * 4KB) -Domain $peer
            for ($i = 0; $i -lt $count; $i++) { $buffer | Write-DmaBufContent "page $i" -Offset ($i * 4KB) }
            $buffer.Grants
        } $Peer, $Count
    }
}

AfterAll { Assert-NothingLeft }

Describe 'What a peer sends' {
    AfterEach { Assert-NothingLeft }

    It 'is refused if it is <Name>' -ForEach @(
        @{ Name = 'nothing'; Words = @(); Id = 'Peer,ClosedEarly' }
        @{ Name = 'cut short'; Words = 4, 1, 2; Id = 'Peer,ClosedEarly' }
        @{ Name = 'no references'; Words = , 0; Id = 'Peer,BadCount' }
        @{ Name = 'more references than a count holds'; Words = [uint32]::MaxValue, 1; Id = 'Peer,BadCount' }
        @{ Name = 'more references than the driver takes'; Words = 65537, 1; Id = 'Peer,BadCount' }) {
        $address = Start-RawPeer (ConvertTo-Blob $Words)
        Should-Fail (Get-Failure { Receive-DmaBuf $address -Domain alice -TimeoutSec 60 }) $Id ProtocolError 'count'
    }

    It 'is refused by the kernel if the references do not exist' {
        $address = Start-RawPeer (ConvertTo-Blob 2, 30001, 30002)
        $failure = Get-Failure { Receive-DmaBuf $address -Domain alice -TimeoutSec 60 }
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument 'still open'
    }

    It 'is waited for only until the time limit' {
        $address = Start-RawPeer (ConvertTo-Blob 4, 1) -Hold
        $failure = Get-Failure { Receive-DmaBuf $address -Domain alice -TimeoutSec 0.5 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout 'TimeoutSec'
    }
}

Describe 'A peer that does not answer' -Tag Arm64 {
    AfterEach { Assert-NothingLeft }

    It 'is waited for only until the time limit' {
        $grants = New-UDmaBuf 16MB | Export-GrantRefs -Domain alice
        $address = Start-RawPeer -Hold
        $failure = Get-Failure { $grants | Send-DmaBufFd $address -Wait -TimeoutSec 1 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout
        $failure = Get-Failure { $grants | Send-DmaBufFd xenstore:frame -TimeoutSec 1 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout
        Get-OfferNode | Should -BeNullOrEmpty
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 1 }
        Should-Fail $failure 'Wait,ETIMEDOUT' OperationTimeout
    }
}

Describe 'References' -Tag Arm64 {
    AfterEach { Assert-NothingLeft }

    It 'for another domain are refused' {
        $grants = New-GuestBuffer alice (Get-DomainId bob)
        Should-Fail (Get-Failure { $grants | Import-GrantRefs }) 'Buffer,OtherDomain' InvalidArgument
        $failure = Get-Failure { Import-GrantRefs -Ref $grants.Refs -Domain alice }
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument 'domain id'
    }

    It 'of a domain other than the given one are refused' {
        $grants = New-GrantBuf 16KB -Domain alice | ForEach-Object Grants
        $failure = Get-FailureOn alice {
            param ($grants, $wrong)
            $grants | Import-GrantRefs -Domain $wrong
        } $grants, "$(Get-DomainId bob)"
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument 'domain id'
        $failure = Get-FailureOn alice {
            param ($grants)
            $grants | Import-GrantRefs -Domain 777 -RequireDmaBuf
        } @(, $grants)
        Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_EXP_FROM_REFS,EINVAL' InvalidArgument
    }

    It 'may be listed twice, and then the buffer contains their page twice' {
        $refs = (New-GuestBuffer alice 0 -Count 2).Refs
        $import = Import-GrantRefs -Ref $refs[0], $refs[1], $refs[0] -Domain alice
        $import | Read-DmaBufContent -AsString -Offset 8KB -Count 6 | Should -Be 'page 0'
        $import | Write-DmaBufContent 'twice!' -Offset 8KB
        $import | Read-DmaBufContent -AsString -Count 6 | Should -Be 'twice!'
        On alice { $buffer | Read-DmaBufContent -AsString -Count 6 } | Should -Be 'twice!'
    }

    It 'can be imported twice' {
        $grants = New-GuestBuffer bob 0
        $first, $second = $grants, $grants | Import-GrantRefs
        $first | Write-DmaBufContent 'by the first'
        $second | Read-DmaBufContent -AsString | Should -Be 'by the first'
        $first | Remove-DmaBuf
        $second | Read-DmaBufContent -AsString | Should -Be 'by the first'
    }

    It 'above the driver''s limit are refused, on both sides' {
        $buffer = New-UDmaBuf 64KB
        try {
            Set-Content $Limit 8
            $failure = Get-Failure { $buffer | Export-GrantRefs -Domain alice }
            Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,EINVAL' InvalidArgument 'parameters/limit'
            $grants = New-GuestBuffer alice 0 -Count 16
            $failure = Get-Failure { $grants | Import-GrantRefs -Mapping }
            Should-Fail $failure 'IOCTL_GNTDEV_MAP_GRANT_REF,EINVAL' InvalidArgument 'parameters/limit'
            $address = Start-RawPeer (ConvertTo-Blob (@(16) + $grants.Refs))
            $failure = Get-Failure { Receive-DmaBuf $address -Domain alice -TimeoutSec 60 }
            Should-Fail $failure 'Peer,BadCount' ProtocolError
        }
        finally {
            Set-Content $Limit 65536
        }
        ($grants | Import-GrantRefs).Size | Should -Be 64KB
    }

    It 'run out with an error, and can be used again after that' {
        # The table has 32768. A few are always in use, so a buffer of 16384 fits only once.
        $buffer = New-UDmaBuf 64MB
        $grants = $buffer | Export-GrantRefs -Domain alice
        $failure = Get-Failure { $buffer | Export-GrantRefs -Domain alice }
        Should-Fail $failure 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOSPC' ResourceUnavailable 'Revoke-GrantRefs'
        $grants | Revoke-GrantRefs
        ($buffer | Export-GrantRefs -Domain alice).Count | Should -Be 16384
        $failure = Get-FailureOn bob { New-GrantBuf 8MB -Domain 0 }
        Should-Fail $failure 'IOCTL_GNTALLOC_ALLOC_GREF,ENOSPC' ResourceUnavailable 'gntalloc/parameters/limit'
    }

    It 'that do not make a whole buffer are refused' {
        $failure = Get-Failure { Import-GrantRefs -Directory 9 -Size 5000 -Domain alice }
        Should-Fail $failure 'Buffer,BadSize' InvalidArgument
        $grants = New-GuestBuffer alice 0 -Count 2
        On alice { $global:directory = $buffer | Export-GrantRefs -Domain 0 -Directory }
        $directory = On alice { $directory.Directory }
        $failure = Get-Failure { Import-GrantRefs -Directory $directory -Size 8MB -Domain alice }
        Should-Fail $failure 'Buffer,OutOfRange' InvalidArgument
    }

    It 'that are revoked stay valid for a peer that has mapped them, and for no other' {
        $grants = On alice {
            $global:buffer = New-UDmaBuf 16KB -Name revoked
            $buffer | Write-DmaBufContent 'before'
            $global:grants = $buffer | Export-GrantRefs -Domain 0
            $grants
        }
        $import = $grants | Import-GrantRefs
        On alice { Revoke-GrantRefs revoked }
        $import | Read-DmaBufContent -AsString | Should -Be 'before'
        $import | Write-DmaBufContent 'after!'
        On alice { $buffer | Read-DmaBufContent -AsString } | Should -Be 'after!'
        Should-Fail (Get-FailureOn alice { $grants | Revoke-GrantRefs }) 'Buffer,NoLease' ObjectNotFound
        $import | Remove-DmaBuf
        Should-Fail (Wait-Failure { $grants | Import-GrantRefs -Mapping }) 'mmap,EINVAL' InvalidArgument 'still open'
    }
}

Describe 'The peer''s domain' {
    AfterEach { Assert-NothingLeft }

    It 'must not be this domain' {
        $buffer = New-UDmaBuf 4KB
        Should-Fail (Get-Failure { $buffer | Export-GrantRefs -Domain 0 }) 'Domain,Own' InvalidArgument 'unix'
        Should-Fail (Get-Failure { New-GrantBuf 4KB -Domain Domain-0 }) 'Domain,Own' InvalidArgument
        Should-Fail (Get-Failure { Import-GrantRefs -Ref 8 -Domain 0 }) 'Buffer,OwnDomain' InvalidArgument
        Should-Fail (Get-Failure { Receive-DmaBuf xenstore:frame -Domain 0 }) 'Domain,Own' InvalidArgument
        $failure = Get-FailureOn bob { param ($own) New-GrantBuf 4KB -Domain $own } (Get-DomainId bob)
        Should-Fail $failure 'Domain,Own' InvalidArgument
    }

    It 'must exist, where dom0 can tell' {
        $buffer = New-UDmaBuf 4KB
        foreach ($missing in '777', 'nobody') {
            $failure = Get-Failure { $buffer | Export-GrantRefs -Domain $missing }
            Should-Fail $failure 'Domain,Unknown' ObjectNotFound 'Get-XenDomain'
            Should-Fail (Get-Failure { New-GrantBuf 4KB -Domain $missing }) 'Domain,Unknown' ObjectNotFound
        }
        $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain 777 -TimeoutSec 60 }
        Should-Fail $failure 'Domain,Unknown' ObjectNotFound
    }

    It 'is not checked in a guest, whose kernel grants to any domain' {
        (On alice { New-UDmaBuf 4KB | Export-GrantRefs -Domain 777 }).PeerDomain | Should -Be 777
        Should-Fail (Get-FailureOn alice { New-GrantBuf 4KB -Domain nobody }) 'Domain,Unknown' ObjectNotFound
    }
}

Describe 'A user who is not root' {
    It 'learns which files are closed to them, one after another' {
        $peer = $PeerProgram
        if (-not (Test-Path $peer)) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' }
        # A copy where everyone can reach it, because a checkout in a home folder is closed to others.
        Copy-Item $peer /run/peer-of-all
        chmod 755 /run/peer-of-all
        $asNobody = 'timeout 30 setpriv --reuid 65534 --regid 65534 --clear-groups' -split ' '
        $share = { "$(& env @asNobody /run/peer-of-all server tcpd:127.0.0.1:8009 (Get-DomainId alice) 2>&1)" }
        $closed = '/run/xenstored/socket', '/dev/udmabuf', '/dev/xen/gntdev'
        $modes = stat -c %a $closed
        try {
            & $share | Should -BeLike 'connect on /run/xenstored/socket failed: EACCES *run as root in dom0.'
            chmod 666 $closed[0]
            & $share | Should -BeLike 'open on /dev/udmabuf failed: EACCES *or run as root.'
            chmod 666 $closed[1]
            & $share | Should -BeLike '*open on /dev/xen/gntdev failed: EACCES *change its permissions.'
        }
        finally {
            foreach ($i in 0..2) { chmod $modes[$i] $closed[$i] }
            Remove-Item /run/peer-of-all
        }
    }
}

Describe 'A buffer of an odd size' {
    AfterEach { Assert-NothingLeft }

    It 'is not shared' {
        $program = Join-Path $TestDrive peer
        cc -O1 -o $program $RepositoryRoot/tests/Peers/peer.c
        $words = [string[]]('send', 'connect', "$TestDrive/s", 'memfd', 'odd-memfd')
        $peer = [Diagnostics.Process]::Start([Diagnostics.ProcessStartInfo]::new($program, $words))
        $received = Receive-DmaBuf "unixd:$TestDrive/s" -TimeoutSec 60
        $received.Size % 4KB | Should -Be 1
        $failure = Get-Failure { $received | Export-GrantRefs -Domain alice }
        Should-Fail $failure 'Buffer,BadSize' InvalidArgument 'whole pages'
        $received | Remove-DmaBuf
        $peer.WaitForExit()
        Should-Fail (Get-Failure { New-GrantBuf 5000 -Domain alice }) 'Buffer,BadSize' InvalidArgument
    }
}

Describe 'xenstore' {
    AfterEach { Assert-NothingLeft }

    It 'that is full causes an error with advice, and keeps nothing' {
        try {
            $failure = On bob {
                $global:buffer = New-GrantBuf 16KB -Domain 0
                $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(200))
                $store = [DmaBuf.Xen.XenStore]::Open($limit)
                try {
                    # Spread over several nodes, because one node holds the names of only a few hundred others.
                    for ($i = 0; $i -lt 5000; $i++) { $store.Write("data/fill/$([int][math]::Floor($i / 100))/$i", '') }
                }
                catch {
                    $full = "$_"
                }
                finally {
                    $store.Dispose()
                }
                Get-Failure { $buffer | Send-DmaBufFd xenstore:frame -TimeoutSec 60 }
                $full
            }
            $failure[1] | Should -Match 'ENOSPC|EDQUOT|EQUOTA'
            $failure[0].Id | Should -Match '^[A-Z_]+,(ENOSPC|EDQUOT|EQUOTA),'
            $failure[0].Category | Should -Be ResourceUnavailable
            $failure[0].Cure | Should -Match quota
            $failure[0].Left | Should -BeNullOrEmpty
            Get-OfferNode | Should -BeNullOrEmpty
        }
        finally {
            xenstore-rm "/local/domain/$(Get-DomainId bob)/data/fill"
        }
    }

    It 'that denies access causes an error with advice' -Tag Arm64 {
        $bob = Get-DomainId bob
        try {
            xenstore-chmod "/local/domain/$bob/data" n0
            $failure = On bob {
                $buffer = New-GrantBuf 16KB -Domain 0
                Get-Failure { $buffer | Send-DmaBufFd xenstore:frame -TimeoutSec 60 }
            }
            $failure.Id | Should -Match '^[A-Z_]+,EACCES,'
            $failure.Category | Should -Be PermissionDenied
            $failure.Cure | Should -Match 'data'
            $failure.Left | Should -BeNullOrEmpty
        }
        finally {
            xenstore-chmod "/local/domain/$bob/data" "n$bob"
        }
    }

    It 'without its daemon causes an error with advice' -Tag Arm64 {
        $socket = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
        $socket.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$TestDrive/dead"))
        $socket.Dispose()
        $null = New-Item "$TestDrive/dead" -ErrorAction Ignore
        $grants = New-GrantBuf 16KB -Domain alice | ForEach-Object Grants
        try {
            $env:XENSTORED_PATH = "$TestDrive/dead"
            $failure = Get-Failure { $grants | Send-DmaBufFd xenstore:frame -TimeoutSec 60 }
            Should-Fail $failure 'connect,ECONNREFUSED' ConnectionError 'xenstored'
            $failure = Get-Failure { Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 60 }
            Should-Fail $failure 'connect,ECONNREFUSED' ConnectionError 'xenstored'
        }
        finally {
            $env:XENSTORED_PATH = $null
        }
    }
}

Describe 'A process that is killed' -Tag Arm64 {
    BeforeAll {
        # A second PowerShell in the guest, which exports and imports a buffer by each transport.
        $victim = New-PSSession -HostName alice -Name victim
        Invoke-Command -Session $victim -ScriptBlock $Preparation -ArgumentList $ModulePath
        $victimId = Invoke-Command -Session $victim { $PID }
        $given = 1..2 | ForEach-Object { New-GrantBuf 16KB -Domain alice }
        $receiving = Invoke-Command -Session $victim -AsJob {
            $global:byTcp = Receive-DmaBuf tcp:dom0:8001 -Domain 0 -Wait -TimeoutSec 60
            $global:byStore = Receive-DmaBuf xenstore:killed -Domain 0 -TimeoutSec 60
        }
        $given[0] | Send-DmaBufFd tcpd:0.0.0.0:8001 -TimeoutSec 60
        $given[1] | Send-DmaBufFd xenstore:killed -TimeoutSec 60
        $null = Complete-Job $receiving
        $grants = Invoke-Command -Session $victim {
            $global:buffer = New-UDmaBuf 16KB
            $buffer | Write-DmaBufContent 'last words'
            $buffer | Export-GrantRefs -Domain 0
        }
        $import = $grants | Import-GrantRefs
        $offering = Invoke-Command -Session $victim -AsJob { Get-GrantRefs | Send-DmaBufFd xenstore:orphan }
        $null = Wait-Offer alice dom0 orphan
        ssh -n alice "kill -9 $victimId"
    }
    AfterAll {
        Remove-PSSession $victim
        Assert-NothingLeft
    }

    It 'is noticed by an exporter that waits for the release, by either transport' {
        $given[0] | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $given[0]
        $given[1] | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $given[1]
    }

    It 'leaves the importer what it has mapped, and nothing more' {
        $import | Read-DmaBufContent -AsString | Should -Be 'last words'
        $import | Write-DmaBufContent 'still here'
        $import | Read-DmaBufContent -AsString | Should -Be 'still here'
        $import | Remove-DmaBuf
        Should-Fail (Wait-Failure { $grants | Import-GrantRefs -Mapping }) 'mmap,EINVAL' InvalidArgument 'still open'
    }

    It 'ends a command that the prompt runs in it with an error' {
        $null = Wait-Job $offering -Timeout 60
        $offering.State | Should -Not -Be 'Running'
        Wait-Until { $victim.State -ne 'Opened' }
    }

    It 'leaves an offer, which the domain''s next offer removes' {
        $failure = Get-Failure { Receive-DmaBuf xenstore:orphan -Domain alice -TimeoutSec 60 }
        Should-Fail $failure 'mmap,EINVAL' InvalidArgument
        $gone = On alice {
            $buffer = New-GrantBuf 4KB -Domain 0
            # Long enough to remove the other offer.
            Get-Failure { $buffer | Send-DmaBufFd xenstore:other -TimeoutSec 5 }
        }
        Should-Fail $gone 'Wait,ETIMEDOUT' OperationTimeout
        Get-OfferNode | Should -BeNullOrEmpty
    }
}

Describe 'A process that ends by SIG<Signal>' -ForEach @(
    @{ Signal = 'TERM' }
    @{ Signal = 'HUP' }
    @{ Signal = 'KILL' }) {
    BeforeAll {
        $peer = $PeerProgram

        # Starts a program in alice, whose output is in /run/log, and returns its process id once the condition holds,
        # a command in which $id stands for it, or after a while.
        function Start-There ([string] $Program, [string] $Condition) {
            $wait = "n=0; until $Condition || [ `$n -gt 600 ]; do n=`$((n + 1)); sleep 0.1; done"
            ssh -n alice "$Program > /run/log 2>&1 & id=`$!; $wait; echo `$id"
        }

        # Sends the signal to a process in alice, and returns the time.
        function Stop-There ([int] $Id) {
            $seconds = ssh -n alice "kill -$Signal $Id && date +%s.%N"
            [datetime]::UnixEpoch.AddSeconds($seconds)
        }

        function Wait-Listener ([int] $Port) {
            $line = ': 00000000:{0:X4} 00000000:0000 0A' -f $Port
            Wait-Until { (Get-Content /proc/net/tcp) -match $line }
        }
    }
    AfterEach { Assert-NothingLeft }

    It 'while it offers leaves nothing in xenstore that the domain''s next offer does not sweep' {
        if (-not (Test-Path $peer)) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' }
        $id = Start-There "$peer server xenstore:signal 0" true
        $null = Wait-Offer alice dom0 signal
        $null = Stop-There $id
        if ($Signal -eq 'KILL') {
            On alice { $null = Get-Failure { New-GrantBuf 4KB -Domain 0 | Send-DmaBufFd xenstore:other -TimeoutSec 5 } }
        }
        Wait-Until { -not (Get-OfferNode) }
    }

    It 'while it listens leaves its port to the next one' {
        if (-not (Test-Path $peer)) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' }
        $serve = "$peer server tcpd:0.0.0.0:8011 0"
        $null = Stop-There (Start-There $serve 'grep -q :1F4B /proc/net/tcp')
        $null = Start-There $serve 'grep -q ": 00000000:1F4B" /proc/net/tcp'
        $import = Receive-DmaBuf tcp:alice:8011 -Domain alice -TimeoutSec 60
        $import | Read-DmaBufContent -AsString -Count 8 | Should -Be 'range[0]'
    }

    It 'after <Bytes> bytes of its references is seen to have closed early' -ForEach @(
        @{ Bytes = 0; Blob = '' }
        @{ Bytes = 10; Blob = '\20\0\0\0abcdef' }) {
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { Receive-DmaBuf tcpd:0.0.0.0:8012 -Domain alice -TimeoutSec 120 -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId; [datetime]::UtcNow }
        }
        Wait-Listener 8012
        # In dom0, because that makes no difference to a stream.
        $send = "exec 3<>/dev/tcp/127.0.0.1/8012; printf '$Blob' >&3; exec sleep 100"
        $sender = Start-Process env -ArgumentList "--default-signal=HUP bash -c `"$send`"" -PassThru
        Wait-Until { (Get-Content "/proc/$($sender.Id)/comm") -eq 'sleep' }
        $sent = [datetime]::UtcNow
        kill "-$Signal" $sender.Id
        $id, $seen = Complete-Job $receiving
        $id | Should -BeLike 'Peer,ClosedEarly,*'
        # An error takes PowerShell seconds on an emulated processor.
        ($seen - $sent).TotalSeconds | Should -BeLessThan 20
    }

    It 'while it has what it imported by <_> is done with it' -ForEach tcp, xenstore {
        if (-not (Test-Path $peer)) { Set-ItResult -Skipped -Because 'needs dmabuf-peer' }
        $here, $there = $_ -eq 'tcp' ? ('tcpd:0.0.0.0:8013', 'tcp:dom0:8013') : ('xenstore:held', 'xenstore:held')
        $waiting = Start-ThreadJob {
            Import-Module $using:ModulePath
            New-GrantBuf 16KB -Domain alice | Send-DmaBufFd $using:here -Wait -TimeoutSec 120
            [datetime]::UtcNow
        }
        if ($_ -eq 'tcp') { Wait-Listener 8013 }
        # It imports, and then waits to print, because its output is a pipe that is full.
        $pipe = 'rm -f /run/full; mkfifo /run/full; exec 3<>/run/full; head -c 65536 /dev/zero >&3'
        $hold = "sh -c '$pipe; exec $peer client $there 0 >&3'"
        $id = Start-There $hold 'grep -qs pipe_write /proc/$id/task/*/wchan'
        $waiting.State | Should -Be Running
        $sent = Stop-There $id
        ((Complete-Job $waiting) - $sent).TotalSeconds | Should -BeLessThan 20
    }
}

Describe 'Pages of New-GrantBuf' {
    AfterEach { Assert-NothingLeft }

    It 'are no longer granted after one revocation, <Words> a directory' -ForEach @(
        @{ Directory = $false; Words = 'without' }
        @{ Directory = $true; Words = 'with' }) {
        $grants = On alice {
            param ($directory)
            New-GrantBuf 16KB -Domain 0 | Export-GrantRefs -Domain 0 -Directory:$directory
        } $Directory
        $counts = On alice {
            @(Get-GrantRefs).Count
            Get-GrantRefs | Revoke-GrantRefs
            @(Get-GrantRefs).Count, @(Get-DmaBuf).Count
        }
        $counts | Should -Be 1, 0, 0
        Should-Fail (Wait-Failure { $grants | Import-GrantRefs }) 'mmap,EINVAL' InvalidArgument 'still open'
    }
}

Describe 'Pages of another domain' {
    AfterEach { Assert-NothingLeft }

    It 'cannot be granted to a third domain' {
        $import = On alice { New-GrantBuf 16KB -Domain 0 | Export-GrantRefs -Domain 0 } | Import-GrantRefs
        $failure = Get-Failure { $import | Export-GrantRefs -Domain bob }
        Should-Fail $failure 'Buffer,OtherDomain' InvalidArgument 'have that domain export'
    }
}

Describe 'A thousand exchanges' {
    AfterEach { Assert-NothingLeft }

    It 'leave no reference, no descriptor and no mapping' {
        $state = {
            @(Get-ChildItem /proc/self/fd).Count
            $counts = Get-Holding
            $counts['use of the driver'] = [int] (Get-Content /sys/module/xen_gntdev/refcnt)
            $counts
        }
        # Counts a domain's free references by granting all of them. (Xen's own list, which xl debug-keys g prints,
        # contains only those that are mapped at the moment.)
        $countFree = {
            $free = 0
            for ($size = 8MB; $size -ge 4KB; $size /= 2) {
                $buffer = New-UDmaBuf $size
                try {
                    while ($true) { $free += ($buffer | Export-GrantRefs -Domain 0).Count }
                }
                catch {
                    if ($_.FullyQualifiedErrorId -notlike 'IOCTL_GNTDEV_DMABUF_IMP_TO_REFS,ENOSPC,*') { throw }
                }
            }
            Get-DmaBuf | Remove-DmaBuf
            $free
        }
        # Each remote call takes a second here, so it makes many buffers. Each buffer has 64 references, of which a
        # domain has 32768.
        $run = {
            param ($batches)
            for ($batch = 0; $batch -lt $batches; $batch++) {
                $grants = On alice {
                    1..50 | ForEach-Object { New-UDmaBuf 256KB | Export-GrantRefs -Domain 0 }
                }
                $grants | Import-GrantRefs | Remove-DmaBuf
                On alice { Get-DmaBuf | Remove-DmaBuf }
            }
        }
        & $run 1
        $freeBefore = On alice $countFree
        $before = @(& $state), @(On alice $state)
        & $run 20
        $after = @(& $state), @(On alice $state)
        foreach ($i in 0, 1) {
            $after[$i][0] | Should -BeLessOrEqual ($before[$i][0] + 5)
            Compare-Holding $before[$i][1] $after[$i][1] | Should -BeNullOrEmpty
        }
        # The kernel takes some seconds to free references that were mapped until the end.
        for ($i = 0; $i -lt 12 -and ($free = On alice $countFree) -lt $freeBefore; $i++) { Start-Sleep 5 }
        $freeBefore | Should -BeGreaterThan 16384
        $free | Should -BeGreaterOrEqual $freeBefore
    }
}
