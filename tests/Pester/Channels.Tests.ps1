# Channels between two PowerShell processes over a unix socket.

BeforeAll {
    . $PSScriptRoot/common.ps1
    $script:Examples = Join-Path $RepositoryRoot docs/examples

    # Runs a script in another PowerShell process, with the module imported.
    function Start-Peer ([scriptblock] $Script, [object[]] $Arguments) {
        Start-Job -ArgumentList $ModulePath, "$Script", $Arguments {
            param ($module, $script, $arguments)
            Import-Module $module
            & ([scriptblock]::Create($script)) @arguments
        }
    }

    function Complete-Peer ($Job) {
        if (-not (Wait-Job $Job -Timeout 240)) { throw 'the other process did not end within 240 s' }
        try { Receive-Job $Job -ErrorAction Stop } finally { Remove-Job $Job -Force }
    }
}

Describe 'A channel to another process' {
    BeforeEach {
        $socket = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n').Substring(0, 8)).sock"
        $buffer = New-UDmaBuf 64KB -Name frame @AnyBacking
        $buffer | Write-DmaBufContent 'over to you'
    }
    AfterEach {
        Get-DmaBufChannel | Disconnect-DmaBufChannel
        Get-DmaBuf | Remove-DmaBuf
    }

    It 'offers a buffer, which the other process imports, writes and releases' {
        $peer = Start-Peer -Arguments $socket {
            param ($socket)
            $channel = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 120
            $import = Import-DmaBuf -Name picture -TimeoutSec 60
            $share = Get-DmaBufShare picture
            $import | Read-DmaBufContent -AsString
            $share.PrivateText, "$($share.Metadata.Picture)", "$($share.State)"
            $import | Write-DmaBufContent 'and back'
            Unlock-DmaBuf $import
            $null = Receive-DmaBufEvent $channel -Type Updated -TimeoutSec 60
            Lock-DmaBuf $import -TimeoutSec 60
            $import | Read-DmaBufContent -AsString
            Remove-DmaBuf $import
            Receive-DmaBufEvent $channel -Follow | Select-Object -Last 1 | ForEach-Object { "$($_.Reason)" }
        }
        $channel = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 120
        $picture = @{ Width = 128; Height = 64; FourCC = 'XR24' }
        $share = Publish-DmaBuf $buffer -Name picture -Metadata $picture -PrivateData 'a note'
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
        Wait-DmaBufRelease -Id $share.Id -TimeoutSec 60
        $buffer | Read-DmaBufContent -AsString | Should -Be 'and backyou'
        $share.State | Should -Be Released
        $buffer | Write-DmaBufContent 'once more'
        (Publish-DmaBuf $buffer $channel).Id | Should -Be $share.Id
        1..4 | ForEach-Object { (Receive-DmaBufEvent $channel -TimeoutSec 60).Type } |
            Should -Be Imported, Released, Acquired, Removed
        Disconnect-DmaBufChannel $channel
        Complete-Peer $peer | Should -Be 'over to you', 'a note', '128x64 XR24, 1 plane(s)', 'InUse', 'once moreou',
            'PeerDisconnected'
    }

    It 'shows its end at the exporter when the other process is killed while it uses a buffer' {
        $start = [Diagnostics.ProcessStartInfo]::new('pwsh', [string[]] ('-NoProfile', '-Command', @"
            Import-Module '$ModulePath'
            `$channel = Connect-DmaBufChannel 'unix:$socket' -TimeoutSec 120
            `$import = Import-DmaBuf -Name frame -TimeoutSec 60
            Start-Sleep 300
"@))
        $peer = [Diagnostics.Process]::Start($start)
        $channel = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 120
        $share = Publish-DmaBuf $buffer $channel -Name frame
        (Receive-DmaBufEvent $channel -TimeoutSec 60).Type | Should -Be Imported
        Should-Fail { Write-DmaBufContent $buffer 'too early' } 'Share,InUse' ResourceBusy 'Lock-DmaBuf'
        Write-DmaBufContent $buffer 'forced' -Force
        $peer.Kill()
        $events = Receive-DmaBufEvent $channel -Follow -TimeoutSec 60
        $events.Type | Should -Be Removed, Closed
        $events.Reason | Select-Object -Unique | Should -Be PeerEnded
        $share.State | Should -Be Ended
        Write-DmaBufContent $buffer 'free again'
        Get-DmaBufChannel | Should -BeNullOrEmpty
        $peer.Dispose()
    }

    It 'is connected again to a process that was killed and starts anew, which finds the buffer by its name' {
        $start = [Diagnostics.ProcessStartInfo]::new('pwsh', [string[]] ('-NoProfile', '-Command', @"
            Import-Module '$ModulePath'
            `$channel = Connect-DmaBufChannel 'unix:$socket' -TimeoutSec 120
            `$import = Import-DmaBuf -Name frame -TimeoutSec 60
            `$import | Write-DmaBufContent "from process `$PID"
            Start-Sleep 300
"@))
        $peer = [Diagnostics.Process]::Start($start)
        $channel = Connect-DmaBufChannel "unix:$socket" -Reconnect -TimeoutSec 120
        $share = Publish-DmaBuf $buffer $channel -Name frame
        (Receive-DmaBufEvent $channel -TimeoutSec 60).Type | Should -Be Imported
        kill -9 $peer.Id
        $events = 1..2 | ForEach-Object { Receive-DmaBufEvent $channel -TimeoutSec 60 }
        $events.Type | Should -Be Removed, Disconnected
        $events.Reason | Select-Object -Unique | Should -Be PeerEnded
        (Get-DmaBufChannel $channel.Id).State | Should -Be Reconnecting
        $share.State | Should -Be Ended
        Should-Fail { Publish-DmaBuf $buffer $channel -TimeoutSec 0.1 } 'Wait,ETIMEDOUT' OperationTimeout
        $again = [Diagnostics.Process]::Start($start)
        # That includes the start of a PowerShell.
        1..2 | ForEach-Object { (Receive-DmaBufEvent $channel -TimeoutSec 120).Type } | Should -Be Connected, Imported
        (Get-DmaBufShare frame).Buffer | Should -Be $buffer
        Wait-Until { ($buffer | Read-DmaBufContent -AsString) -like "from process $($again.Id)*" } 60
        kill -9 $again.Id
        (Receive-DmaBufEvent $channel -Type Disconnected -TimeoutSec 60).Reason | Should -Be PeerEnded
        $channel | Disconnect-DmaBufChannel
        (Receive-DmaBufEvent $channel -Follow | Select-Object -Last 1).Reason | Should -Be Closed
        $peer.Dispose()
        $again.Dispose()
    }

    It 'carries the producer''s and the consumer''s cycle of docs/examples' {
        $consumer = Start-Peer -Arguments "$Examples/channel-consumer.ps1", $socket {
            param ($script, $socket)
            & $script -Address "unix:$socket" -TimeoutSec 120
        }
        $backing = $buffer.IsDmaBuf ? 'UDmaBuf' : 'MemFd'
        & $Examples/channel-producer.ps1 -Address "unix:$socket" -Turns 10 -Buffer $backing -TimeoutSec 120 |
            Should -Be '10 turns, 3 buffers'
        Complete-Peer $consumer | Should -Be (0..9 | ForEach-Object { "turn $_" })
        Get-DmaBuf | Should -Be $buffer
    }
}

Describe 'The cmdlets for channels' {
    BeforeAll {
        # Both ends are in this process, in two runspaces.
        $socket = Join-Path $TestDrive 'both.sock'
        $opening = Start-ThreadJob {
            Import-Module $using:ModulePath
            Connect-DmaBufChannel "unix:$using:socket" -TimeoutSec 60
        }
        $left = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 60
        $right = $opening | Receive-Job -Wait
        $right = Get-DmaBufChannel | Where-Object Id -NE $left.Id
    }
    BeforeEach {
        $buffer = New-UDmaBuf 64KB -Name frame @AnyBacking
        Receive-DmaBufEvent $left, $right -Follow -TimeoutSec 0.05 -ErrorAction SilentlyContinue | Out-Null
    }
    AfterEach {
        Get-DmaBuf | Remove-DmaBuf
        # The other end hears of it later; only then is the last event in the queue.
        Wait-Until { -not (Get-DmaBufShare) } 60
    }
    AfterAll { Get-DmaBufChannel | Disconnect-DmaBufChannel }

    It 'take channels, shares and events from the pipeline and by number, name and id' {
        $share = $buffer | Publish-DmaBuf -Channel $left.Id -Name by
        Get-DmaBufChannel $left.Id | Get-DmaBufShare | Should -Be $share
        Get-DmaBufShare 'b*' -Exported | Should -Be $share
        $event = Receive-DmaBufEvent $right -Type Published -TimeoutSec 60
        (Get-DmaBufShare -Id "$($share.Id)" -Imported).Channel.Id | Should -Be $right.Id
        $import = $event | Import-DmaBuf -TimeoutSec 60 -BufferName mine
        $import.Name | Should -Be mine
        $null = Receive-DmaBufEvent $left -Type Imported -TimeoutSec 60
        $share.Users | Should -Be 1
        Remove-DmaBuf $import
        $share | Wait-DmaBufRelease -TimeoutSec 60
        $share | Unpublish-DmaBuf | ForEach-Object State | Should -Be Ended
    }

    It 'say with Unpublish-DmaBuf whether the share has ended or waits for its importer' {
        $share = Publish-DmaBuf $buffer $left -Name busy
        $import = Import-DmaBuf -Name busy -TimeoutSec 60
        $null = Receive-DmaBufEvent $left -Type Imported -TimeoutSec 60
        (Unpublish-DmaBuf $share).State | Should -Be InUse
        Should-Fail { Import-DmaBuf -Id $share.Id } 'Share,BadState' InvalidOperation
        $import | Remove-DmaBuf
        (Receive-DmaBufEvent $left -Type Unpublished -TimeoutSec 60).Id | Should -Be $share.Id
        Should-Fail { Unpublish-DmaBuf -Id $share.Id } 'Share,Unknown' ObjectNotFound 'Get-DmaBufShare'
    }

    It 'allow imports until the delay of Unpublish-DmaBuf is over, and publishing again cancels it' {
        $share = Publish-DmaBuf $buffer $left -Name later
        $null = Unpublish-DmaBuf $share -DelayMs 60000
        $share.UnpublishesIn.TotalSeconds | Should -BeGreaterThan 1
        Import-DmaBuf -Name later -TimeoutSec 60 | Remove-DmaBuf
        $null = Publish-DmaBuf $buffer $left
        $share.IsUnpublished | Should -BeFalse
        $share.Name | Should -Be later
        $null = Unpublish-DmaBuf $share -DelayMs 100
        (Receive-DmaBufEvent $left -Type Unpublished -TimeoutSec 60).Id | Should -Be $share.Id
    }

    It 'end their waits at the time limit and at Ctrl+C' {
        Should-Fail { Receive-DmaBufEvent $left -TimeoutSec 0.1 } 'Wait,ETIMEDOUT' OperationTimeout
        Should-Fail { Import-DmaBuf -Name none -TimeoutSec 0.1 } 'Wait,ETIMEDOUT' OperationTimeout
        Stop-Command "Receive-DmaBufEvent $($left.Id)" | Should -BeLessThan 10000
        Stop-Command 'Import-DmaBuf -Name none' | Should -BeLessThan 10000
        Stop-Command "Connect-DmaBufChannel unixd:$TestDrive/nobody.sock" | Should -BeLessThan 10000
        Stop-Command "Connect-DmaBufChannel unixd:$TestDrive/nobody.sock, unixd:$TestDrive/none.sock" |
            Should -BeLessThan 10000
    }

    It 'refuse metadata that does not fit, closed channels and wrong numbers' {
        $bad = @{ Width = 128; Height = 129; FourCC = 'XR24' }
        Should-Fail { Publish-DmaBuf $buffer $left -Metadata $bad } 'Share,BadMetadata' InvalidArgument
        Should-Fail { Publish-DmaBuf $buffer $left -PrivateData ('x' * 193) } 'Share,BadMetadata' InvalidArgument
        { Publish-DmaBuf $buffer $left -Metadata @{ Wide = 1 } } | Should -Throw "*'Wide' is not one of*"
        { Publish-DmaBuf $buffer 999 } | Should -Throw '*No channel 999 is open*'
        Should-Fail { Get-DmaBufChannel 999 } 'Channel,NotFound' ObjectNotFound
    }

    It 'refuse an import whose exporter has ended the offer in the meantime' {
        $share = Publish-DmaBuf $buffer $left -Name ending
        Lock-DmaBuf $buffer
        $import = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { Import-DmaBuf -Name ending -TimeoutSec 60 -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
        }
        # The import waits for the lock of its exporter.
        Wait-Until { $share.State -eq 'Importing' } 60
        Unpublish-DmaBuf $share | ForEach-Object State | Should -Be Ended
        Receive-Job $import -Wait -AutoRemoveJob | Should -BeLike 'Share,Unpublished,*'
    }

    It 'raise events that Register-ObjectEvent sees' {
        Register-ObjectEvent $right EventReceived -SourceIdentifier seen
        try {
            $null = Publish-DmaBuf $buffer $left -Name observed
            $seen = Wait-Event seen -Timeout 60
            $seen.SourceEventArgs.Event.Name | Should -Be observed
        }
        finally {
            Unregister-Event seen
            Get-Event | Remove-Event
        }
    }

    It 'complete channels, ids and names' {
        $share = Publish-DmaBuf $buffer $left -Name 'my frame'
        $complete = { param ($line) (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText }
        & $complete 'Get-DmaBufShare -Id ' | Should -Contain "'$($share.Id)'"
        & $complete 'Import-DmaBuf -Name ' | Should -Contain "'my frame'"
        & $complete 'Publish-DmaBuf frame -Channel ' | Should -Contain "$($left.Id)"
    }
}

Describe 'Wait-DmaBufFence' {
    It 'returns at once for a dma-buf without fences, and refuses what has none' {
        Should-Fail { New-UDmaBuf 4KB -Backing MemFd | Wait-DmaBufFence } 'Buffer,NotABuffer' InvalidData
        Assert-Support UDmaBuf
        $buffer = New-UDmaBuf 4KB
        $buffer | Wait-DmaBufFence -TimeoutSec 5 -PassThru | Should -Be $buffer
        $buffer | Wait-DmaBufFence -Read -TimeoutSec 5
    }
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
}
