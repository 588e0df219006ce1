BeforeAll {
    . $PSScriptRoot/common.ps1
    $script:InXen = Test-DmaBufSupport Xen
    $script:Refs = [DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]](8..17) }

    function Get-FreePort {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $listener.LocalEndpoint.Port
        $listener.Stop()
    }

    # Turns an object into what remoting, a job or a file makes of it.
    function ConvertTo-Bag ($InputObject) {
        $file = Join-Path $TestDrive "$([guid]::NewGuid()).xml"
        $InputObject | Export-Clixml -LiteralPath $file -Depth 1
        Import-Clixml -LiteralPath $file
    }

    # Connects to a port in the background, once something listens there; the job returns the 44 bytes of the blob.
    function Start-BlobReader ([int] $Port) {
        Start-ThreadJob -ArgumentList $Port {
            param ($port)
            $client = [Net.Sockets.TcpClient]::new()
            for ($i = 0; -not $client.Connected -and $i -lt 1200; $i++) {
                try { $client.Connect('127.0.0.1', $port) } catch { Start-Sleep -Milliseconds 50 }
            }
            $bytes = [byte[]]::new(44)
            $client.GetStream().ReadExactly($bytes, 0, $bytes.Length)
            $client.Dispose()
            $bytes
        }
    }
}

Describe 'GrantRefs' {
    It 'prints a table with the first references' {
        $text = $Refs | Out-String
        $text | Should -Match 'Domain\s+PeerDomain\s+Count\s+Size\s+Directory\s+Refs'
        $text | Should -Match '3\s+5\s+10\s+40 KiB\s+8, 9, 10, 11, \.\.\.'
        ConvertTo-Bag $Refs | Out-String | Should -Match '40 KiB\s+8, 9, 10, 11, \.\.\.'
    }

    It 'survive a file and a job, and are the real type again' {
        $job = Start-Job -ArgumentList $ModulePath {
            param ($module)
            Import-Module $module
            [DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]](8..17); Directory = 4294967295 }
        }
        $fromJob = Receive-Job $job -Wait
        Remove-Job $job
        foreach ($bag in $fromJob, (ConvertTo-Bag $Refs)) {
            $bag | Should -Not -BeOfType ([DmaBuf.Grants.GrantRefs])
            $port = Get-FreePort
            $reader = Start-BlobReader $port
            $sent = $bag | Send-DmaBufFd "tcpd:127.0.0.1:$port" -Domain 5 -Wait -TimeoutSec 60 -PassThru
            $null = Receive-Job $reader -Wait
            Remove-Job $reader
            $sent | Should -BeOfType ([DmaBuf.Grants.GrantRefs])
            $sent.Refs | Should -Be (8..17)
            ($sent.Domain, $sent.PeerDomain, $sent.Count, $sent.Size) | Should -Be 3, 5, 10, 40960
            $sent.Directory | Should -Be $bag.Directory
        }
    }

    It 'are refused by every cmdlet if <Reason>' -ForEach @(
        @{ Reason = 'Refs is text'; Change = { $args[0].Refs = '1 2 3' } }
        @{ Reason = 'a reference is negative'; Change = { $args[0].Refs = 1, -2 } }
        @{ Reason = 'a reference is not a number'; Change = { $args[0].Refs = 1, 'two' } }
        @{ Reason = 'there are no references'; Change = { $args[0].Refs = @() } }
        @{ Reason = 'the domain is missing'; Change = { $args[0].PSObject.Properties.Remove('Domain') } }
        @{ Reason = 'the domain is too large'; Change = { $args[0].PeerDomain = 70000 } }
        @{ Reason = 'the directory is not a number'; Change = { $args[0].Directory = 'x' } }
        @{ Reason = 'the page size is not a number'; Change = { $args[0].PageSize = 'x' } }
        @{
            Reason = 'the page size is not 4096 bytes'
            Change = { $args[0].PageSize = 65536 }
            Message = '*PageSize is 65536*4096 bytes*'
        }) {
        $bag = ConvertTo-Bag $Refs | Select-Object *
        $bag.PSObject.TypeNames.Insert(0, 'Deserialized.DmaBuf.Grants.GrantRefs')
        & $Change $bag
        foreach ($command in { Import-GrantRefs $bag }, { $bag | Import-GrantRefs }, { $bag | Revoke-GrantRefs },
            { $bag | Wait-DmaBufRelease }, { $bag | Send-DmaBufFd tcpd:127.0.0.1:1 }) {
            $failure = Get-ErrorOf $command
            $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentTransformationError,*'
            $failure.Exception.Message | Should -BeLike '*These GrantRefs are incomplete*'
            $failure.Exception.Message | Should -BeLike ($Message ?? '*')
        }
    }

    It 'have pages of 4096 bytes, and no others' {
        $Refs.PageSize | Should -Be 4096
        { [DmaBuf.Grants.GrantRefs]@{ PageSize = 65536; Domain = 3; PeerDomain = 5; Refs = [uint32[]]1 } } |
            Should -Throw '*PageSize*'
        $bag = ConvertTo-Bag $Refs | Select-Object Domain, PeerDomain, Refs
        $bag.PSObject.TypeNames.Insert(0, 'Deserialized.DmaBuf.Grants.GrantRefs')
        (Get-ErrorOf { Revoke-GrantRefs $bag }).FullyQualifiedErrorId | Should -BeLike 'Buffer,NoLease,*'
    }
}

Describe 'Send-DmaBufFd with GrantRefs' {
    It 'sends a count and the references, little-endian, and waits for the peer' {
        $port = Get-FreePort
        $reader = Start-BlobReader $port
        $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -Wait -TimeoutSec 60
        $expected = foreach ($word in @(10) + 8..17) { [BitConverter]::GetBytes([uint32]$word) }
        Receive-Job $reader -Wait | Should -Be $expected
        Remove-Job $reader
    }

    It 'continues with -Wait after a peer that did not read, such as a port scan, and says who connected' {
        $port = Get-FreePort
        $reader = Start-ThreadJob {
            function Connect ($port) {
                foreach ($try in 1..600) {
                    try { return [Net.Sockets.TcpClient]::new('127.0.0.1', $port) }
                    catch { Start-Sleep -Milliseconds 100 }
                }
            }
            $scan = Connect $using:port
            # Until there is something to read, which it leaves.
            $null = $scan.Client.Poll(60000000, 'SelectRead')
            # $scan.Dispose() would shut the connection down in order first.
            $scan.Client.Close(0)
            $client = Connect $using:port
            $bytes = [byte[]]::new(44)
            $client.GetStream().ReadExactly($bytes, 0, 44)
            $client.Dispose()
            $bytes.Count
        }
        $told = $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -Wait -TimeoutSec 60 -Verbose 4>&1
        Receive-Job $reader -Wait | Should -Be 44
        Remove-Job $reader
        @($told.Message -like 'Sent to tcpd:127.0.0.1:* (127.0.0.1:*).').Count | Should -Be 2
    }

    It 'serves only the peers that -From names' {
        $port = Get-FreePort
        $hasBegun = [Threading.ManualResetEventSlim]::new()
        $scan = Start-ThreadJob {
            foreach ($try in 1..1000) {
                $client = $null
                try {
                    $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $using:port)
                    return $client.GetStream().ReadByte()
                }
                catch {
                    ($using:hasBegun).Set()
                    Start-Sleep -Milliseconds 50
                }
                finally { ${client}?.Dispose() }
            }
        }
        # A job takes long to start on a busy computer, and so does its first failure.
        $hasBegun.Wait(60000) | Should -BeTrue
        Should-Fail {
            $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -From 10.0.0.0/8 -TimeoutSec 8
        } 'Wait,ETIMEDOUT' OperationTimeout
        Receive-Job $scan -Wait | Should -Be -1
        Remove-Job $scan
        Should-Fail { $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -From nowhere } 'Address,BadPeer' InvalidArgument
        Should-Fail { $Refs | Send-DmaBufFd xenstore:camera -From 5 } 'Address,BadPeer' InvalidArgument
    }

    It 'refuses a domain other than the one that the references are for' {
        Should-Fail {
            $Refs | Send-DmaBufFd tcpd:127.0.0.1:1 -Domain 6
        } 'Buffer,OtherDomain' InvalidArgument 'Export the buffer for domain 6'
        $buffer = New-UDmaBuf 4KB @AnyBacking
        Should-Fail { $buffer | Send-DmaBufFd unix:/tmp/s -Domain 6 } 'Buffer,OtherDomain' InvalidArgument
        Remove-DmaBuf $buffer
    }

    It 'takes buffers and references together, and refuses a buffer where the address cannot carry it' {
        $buffer = New-UDmaBuf 4KB @AnyBacking
        Should-Fail {
            $buffer | Send-DmaBufFd xenstore:camera
        } 'Address,CannotPassDescriptors' InvalidArgument 'Export-GrantRefs'
        $port = Get-FreePort
        $reader = Start-BlobReader $port
        $quiet = @{ ErrorAction = 'SilentlyContinue'; ErrorVariable = 'failures' }
        $buffer, $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -TimeoutSec 60 -PassThru @quiet | Should -Be $Refs
        $failures.FullyQualifiedErrorId | Should -BeLike 'Address,CannotPassDescriptors,*'
        (Receive-Job $reader -Wait).Count | Should -Be 44
        Remove-Job $reader
        Remove-DmaBuf $buffer
    }

    It 'takes objects with a property Buffer, and no objects of other kinds' {
        $buffer = New-UDmaBuf 4KB @AnyBacking
        Should-Fail {
            [pscustomobject]@{ Buffer = $buffer } | Send-DmaBufFd tcp:host:1
        } 'Address,CannotPassDescriptors' InvalidArgument
        $failure = Get-ErrorOf { 'text' | Send-DmaBufFd unix:/tmp/s }
        $failure.FullyQualifiedErrorId | Should -BeLike 'Buffer,NotFound,*'
        $failure = Get-ErrorOf { Send-DmaBufFd unix:/tmp/s -InputObject 5 }
        $failure.Exception.Message | Should -BeLike '*neither a DmaBuffer nor GrantRefs*'
        Remove-DmaBuf $buffer
    }

    It 'ends at its time limit and at Ctrl+C' {
        $port = Get-FreePort
        Should-Fail { $Refs | Send-DmaBufFd "tcpd:127.0.0.1:$port" -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout
        $one = '[DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]]1 }'
        Stop-Command "$one | Send-DmaBufFd 'tcpd:127.0.0.1:$port'" | Should -BeLessThan 10000
    }

    It 'ends at its time limit if the peer accepts the connection and does not read' {
        $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
        $listener.Server.ReceiveBufferSize = 4KB
        $listener.Start()
        $address = "tcp:127.0.0.1:$($listener.LocalEndpoint.Port)"
        # 16 MiB, more than both sockets hold.
        $many = [DmaBuf.Grants.GrantRefs]@{ Domain = 3; PeerDomain = 5; Refs = [uint32[]]::new(4MB) }
        try {
            Should-LeakNothing {
                # Long enough to connect and to send a part.
                $failure = Get-ErrorOf { $many | Send-DmaBufFd $address -TimeoutSec 3 }
                $failure.FullyQualifiedErrorId | Should -BeLike 'Wait,ETIMEDOUT,*'
                $failure.CategoryInfo.Category | Should -Be OperationTimeout
                $failure.Exception.Message | Should -BeLike '*to read*'
            }
            $Refs | Send-DmaBufFd $address -TimeoutSec 60 -PassThru | Should -Be $Refs
        }
        finally {
            $listener.Stop()
        }
    }

    It 'sends nothing with -WhatIf' {
        $Refs | Send-DmaBufFd tcpd:127.0.0.1:1 -WhatIf | Should -BeNullOrEmpty
    }
}

Describe 'Wait-DmaBufRelease' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
    BeforeEach {
        $socket = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n').Substring(0, 8)).sock"
        $buffer = New-UDmaBuf 4KB @AnyBacking
    }

    It 'waits until every peer that received the buffer is done' {
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            Receive-DmaBuf "unix:$using:socket" -Count 2 -Wait -TimeoutSec 60
        }
        $buffer | Send-DmaBufFd "unixd:$socket" -Count 2 -TimeoutSec 60
        $first, $second = Receive-Job $receiving -Wait
        Remove-Job $receiving
        Should-Fail { $buffer | Wait-DmaBufRelease -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout 'TimeoutSec'
        Remove-DmaBuf $first
        Should-Fail { $buffer | Wait-DmaBufRelease -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout
        Remove-DmaBuf $second
        $buffer | Wait-DmaBufRelease -TimeoutSec 60 -PassThru | Should -Be $buffer
        $buffer | Wait-DmaBufRelease -TimeoutSec 60 | Should -BeNullOrEmpty
    }

    It 'counts a peer that is killed as done' {
        $peer = Start-CPeer send, connect, $socket, memfd, nothing
        $buffer | Send-DmaBufFd "unixd:$socket" -TimeoutSec 60
        $peer.Kill()
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
        $null = $peer | Wait-CPeer
    }

    It 'ends at Ctrl+C' {
        $peer = Start-CPeer send, listen, $socket, memfd, nothing
        $make = '$b = New-UDmaBuf 4KB -Backing MemFd -Name waited'
        Stop-Command "$make; `$b | Send-DmaBufFd 'unix:$socket'; `$b | Wait-DmaBufRelease" 1000 `
            -When { Test-Connected $socket } | Should -BeLessThan 10000
        Get-DmaBuf waited -ErrorAction Ignore | Remove-DmaBuf
        $null = $peer | Wait-CPeer
    }

    It 'ends when another runspace removes the buffer' {
        $peer = Start-CPeer send, listen, $socket, memfd, nothing
        $buffer | Send-DmaBufFd "unix:$socket" -TimeoutSec 60
        $waiting = Start-ThreadJob {
            Import-Module $using:ModulePath
            # The first wait loads what the second one needs, which therefore begins at once.
            Wait-DmaBufRelease $using:buffer -TimeoutSec 0.1 -ErrorAction SilentlyContinue
            'begins'
            Wait-DmaBufRelease $using:buffer -TimeoutSec 60 -ErrorAction SilentlyContinue -ErrorVariable failures
            $failures.FullyQualifiedErrorId
        }
        while (-not (Receive-Job $waiting) -and $waiting.State -in 'NotStarted', 'Running') {
            Start-Sleep -Milliseconds 50
        }
        Start-Sleep 2
        Remove-DmaBuf $buffer
        Receive-Job $waiting -Wait | Should -BeLike 'Buffer,LinkEnded,*'
        Remove-Job $waiting
        $null = $peer | Wait-CPeer
    }

    It 'keeps no link to a peer that is done' {
        Should-LeakNothing {
            $receiving = Start-ThreadJob {
                Import-Module $using:ModulePath
                Receive-DmaBuf "unix:$using:socket" -Wait -TimeoutSec 60 | Remove-DmaBuf
            }
            $buffer | Send-DmaBufFd "unixd:$socket" -TimeoutSec 60
            $null = Receive-Job $receiving -Wait
            Remove-Job $receiving
        }
    }

    It 'refuses objects whose release nobody can report' {
        Should-Fail { $buffer | Wait-DmaBufRelease } 'Buffer,NoPeer' ObjectNotFound 'Send-DmaBufFd'
        Should-Fail { $Refs | Wait-DmaBufRelease } 'Buffer,NoLease' ObjectNotFound 'session that exported'
        $peer = Start-CPeer send, connect, $socket, memfd
        $received = Receive-DmaBuf "unixd:$socket" -TimeoutSec 60
        Should-Fail { $received | Wait-DmaBufRelease } 'Buffer,CannotWait' InvalidOperation 'Remove-DmaBuf'
        $received.IsOpen | Should -BeTrue
        Remove-DmaBuf $received, $buffer
        Should-Fail { $buffer | Wait-DmaBufRelease } 'Buffer,Removed' ObjectNotFound
        $null = $peer | Wait-CPeer
    }

    It 'waits for nothing with -WhatIf' {
        Wait-DmaBufRelease $buffer -WhatIf | Should -BeNullOrEmpty
    }
}

Describe 'The grant cmdlets' {
    BeforeEach { if ($InXen) { Set-ItResult -Skipped -Because 'needs a machine that is not a Xen domain' } }

    It 'say that there is no Xen, with advice: <_>' -ForEach @(
        'New-UDmaBuf 4KB -Backing MemFd | Export-GrantRefs -Domain 0'
        'Export-GrantRefs -InputObject (New-UDmaBuf 4KB -Backing MemFd) -Domain 0 -Directory'
        '$Refs | Import-GrantRefs'
        'Import-GrantRefs -Ref 1, 2 -Domain 0'
        'Import-GrantRefs -Directory 1 -Size 4KB -Domain dom0'
        'New-GrantBuf 4KB -Domain 0'
        'Get-XenDomain'
        'Get-GrantRefs -Domain named'
        'Import-GrantRefs 8, 9 -Domain 1'
        'Receive-DmaBuf tcpd:127.0.0.1:1 -Domain 0'
        'Receive-DmaBuf xenstore:camera -Domain 0 -Mapping'
        '$Refs | Send-DmaBufFd xenstore:camera -Domain 5'
        '$Refs | Send-DmaBufFd tcpd:127.0.0.1:1 -Domain named') {
        Should-Fail ([scriptblock]::Create($_)) 'open,ENOENT' ObjectNotFound 'not a Xen domain'
        Get-DmaBuf | Remove-DmaBuf
    }

    It 'complete no domain' {
        (TabExpansion2 'Export-GrantRefs -Domain ' 25).CompletionMatches.CompletionText | Should -Not -Contain '0'
    }
}

Describe 'The parameters of the grant cmdlets' {
    It 'refuse -Mapping together with -RequireDmaBuf' {
        Should-Fail { Import-GrantRefs $Refs -Mapping -RequireDmaBuf } 'Import,BothSwitches' InvalidArgument
        Should-Fail {
            Receive-DmaBuf tcp:host:1 -Domain 0 -Mapping -RequireDmaBuf
        } 'Import,BothSwitches' InvalidArgument
    }

    It 'take the import switches of Receive-DmaBuf only with -Domain' {
        $failure = Get-ErrorOf { Receive-DmaBuf unix:/tmp/s -Mapping -Domain '' }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
        Should-Fail { Receive-DmaBuf xenstore:camera } 'Address,CannotPassDescriptors' InvalidArgument '-Domain'
    }

    It 'refuse references that this process has not granted' {
        Should-Fail { Revoke-GrantRefs $Refs } 'Buffer,NoLease' ObjectNotFound
        Get-GrantRefs | Should -BeNullOrEmpty
        foreach ($domain in '5', 'dom0', 'Domain-0') { Get-GrantRefs $domain | Should -BeNullOrEmpty }
        $failure = Get-ErrorOf { Get-GrantRefs -Domain '' }
        $failure.FullyQualifiedErrorId | Should -BeLike 'ParameterArgumentValidationError,*'
    }

    It 'complete domains: <Cmdlet> -<Parameter>' -ForEach @(
        @{ Cmdlet = 'Export-GrantRefs'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'Import-GrantRefs'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'New-GrantBuf'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'Get-GrantRefs'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'Send-DmaBufFd'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'Receive-DmaBuf'; Parameter = 'Domain'; By = 'DomainCompleter' }
        @{ Cmdlet = 'Get-XenDomain'; Parameter = 'Name'; By = 'DomainNameCompleter' }) {
        $completer = (Get-Command $Cmdlet).Parameters[$Parameter].Attributes.Where{ $_ -is [ArgumentCompleter] }
        $completer.Type.FullName | Should -Be "DmaBufPS.$By"
    }

    It 'complete the xenstore scheme' {
        (TabExpansion2 'Receive-DmaBuf -Address x' 25).CompletionMatches.CompletionText | Should -Be xenstore:
    }
}
