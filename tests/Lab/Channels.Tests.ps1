# Channels between domains: by vchan, and by tcp over the guests' network.

BeforeDiscovery {
    $Ways = @(
        @{ Producer = 'alice'; Consumer = 'dom0'; Carrier = 'vchan' }
        @{ Producer = 'dom0'; Consumer = 'bob'; Carrier = 'vchan' }
        @{ Producer = 'alice'; Consumer = 'dom0'; Carrier = 'tcp' }
    )
}

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest alice, bob
    Assert-NothingLeft
    Use-Driver Mmap alice, bob

    $script:Run = {
        param ($script, $arguments)
        & $script @arguments
    }
}

Describe 'A channel over <Carrier>, from <Producer> to <Consumer>' -ForEach $Ways {
    AfterEach { Assert-NothingLeft }

    It 'the cycle of docs/examples runs, with three buffers in rotation' {
        $produce = @{ Domain = "$(Get-DomainId $Consumer)"; Turns = 10; Buffer = 'GrantBuf'; TimeoutSec = 120 }
        $consume = @{ Domain = "$(Get-DomainId $Producer)"; TimeoutSec = 120 }
        if ($Carrier -eq 'tcp') {
            $produce.Address = 'tcpd:0.0.0.0:8100'
            $consume.Address = "tcp:${Producer}:8100"
        }
        $producing = "$RepositoryRoot/docs/examples/channel-producer.ps1", $produce
        $consuming = "$RepositoryRoot/docs/examples/channel-consumer.ps1", $consume
        if ($Producer -eq 'dom0') {
            $job = Start-On $Consumer $Run $consuming
            $produced = On dom0 $Run $producing
            $consumed = Complete-Job $job
        }
        else {
            $job = Start-On $Producer $Run $producing
            $consumed = On dom0 $Run $consuming
            $produced = Complete-Job $job
        }
        $produced | Should -Be '10 turns, 3 buffers'
        $consumed | Should -Be (0..9 | ForEach-Object { "turn $_" })
    }
}

Describe 'A channel between domains' {
    AfterEach {
        Get-DmaBufChannel | Disconnect-DmaBufChannel
        Assert-NothingLeft
    }

    It 'grants the pages of a dma-buf at the import, and takes them back when the importer is done' {
        $job = Start-On alice {
            $channel = Connect-DmaBufChannel -Domain dom0 -TimeoutSec 120
            # Goes on when dom0 publishes the buffer again.
            function Wait-Turn { $null = Receive-DmaBufEvent $channel -Type Updated -TimeoutSec 120 }
            Wait-Turn
            $import = Import-DmaBuf -Name frame -TimeoutSec 120
            $import | Read-DmaBufContent -AsString
            $import | Write-DmaBufContent 'from alice'
            Wait-Turn
            Remove-DmaBuf $import
            $null = Receive-DmaBufEvent $channel -Type Closed -TimeoutSec 120
        }
        $channel = Connect-DmaBufChannel -Domain alice -TimeoutSec 120
        $channel.PeerDomain | Should -Be (Get-DomainId alice)
        $buffer = New-UDmaBuf 64KB -Name frame
        $buffer | Write-DmaBufContent 'from dom0!'
        $share = Publish-DmaBuf $buffer $channel -Name frame
        Get-GrantRefs | Should -BeNullOrEmpty -Because 'nobody has asked for the pages'
        $null = Publish-DmaBuf $buffer $channel
        (Receive-DmaBufEvent $channel -Type Imported -TimeoutSec 120).Id | Should -Be $share.Id
        (Get-GrantRefs).Count | Should -Be 16
        $null = Publish-DmaBuf $buffer $channel
        (Receive-DmaBufEvent $channel -Type Removed -TimeoutSec 120).Reason | Should -Be Removed
        Wait-Until { -not (Get-GrantRefs) }
        $buffer | Read-DmaBufContent -AsString | Should -Be 'from alice'
        Disconnect-DmaBufChannel $channel
        Complete-Job $job | Should -Be 'from dom0!'
    }

    It 'tells the exporter when the importer is killed' {
        $id = Get-DomainId alice
        $job = Start-On alice {
            $script = "Import-Module $modulePath; `$null = Connect-DmaBufChannel -Domain 0 -TimeoutSec 240
                Import-DmaBuf -Name frame -TimeoutSec 120; [Console]::Out.Flush(); kill -9 `$PID"
            & (Get-Process -Id $PID).Path -NoProfile -Command $script
        }
        # That includes the start of a PowerShell.
        $channel = Connect-DmaBufChannel -Domain $id -TimeoutSec 240
        $buffer = New-UDmaBuf 64KB -Name frame
        $share = Publish-DmaBuf $buffer $channel -Name frame
        $events = Receive-DmaBufEvent $channel -Follow -TimeoutSec 120
        $events.Type | Should -Be Imported, Removed, Closed
        $events[-1].Reason | Should -Be PeerEnded
        $share.State | Should -Be Ended
        $null = Wait-Job $job -Timeout 60
    }

    It 'needs the peer''s domain over tcp, and ends where the peer is another one' {
        $job = Start-On alice { Get-Failure { Connect-DmaBufChannel tcpd:0.0.0.0:8101 -Domain 0 -TimeoutSec 60 } }
        $failure = Get-Failure { Connect-DmaBufChannel tcp:alice:8101 -Domain 77 -TimeoutSec 60 }
        Should-Fail $failure 'Peer,Incompatible' ProtocolError
        $failure.Message | Should -BeLike "*is domain $(Get-DomainId alice), and not 77*"
        Complete-Job $job | ForEach-Object Id | Should -BeNullOrEmpty -Because 'its peer is the one that it named'
        On alice { Get-DmaBufChannel | Disconnect-DmaBufChannel }
        $job = Start-On alice { Get-Failure { Connect-DmaBufChannel tcpd:0.0.0.0:8102 -TimeoutSec 60 } }
        $failure = Get-Failure { Connect-DmaBufChannel tcp:alice:8102 -TimeoutSec 60 }
        Should-Fail $failure 'Share,NoPages' NotImplemented '-Domain'
        Should-Fail (Complete-Job $job) 'Share,NoPages' NotImplemented '-Domain'
    }
}
