# A channel whose peer is a domain that goes and comes back, with another id.

BeforeAll {
    . $PSScriptRoot/common.ps1
    Start-Guest carol
    Assert-NothingLeft

    $script:Read = {
        $null = Connect-DmaBufChannel -Domain dom0 -TimeoutSec 120
        Import-DmaBuf -Name frame -TimeoutSec 120 | Read-DmaBufContent -AsString
    }

    function Restart-Carol {
        xl destroy carol
        # Closes the ssh connection, which would not notice by itself.
        ssh -O exit carol 2>$null
        Get-PSSession | Where-Object Name -EQ carol | Remove-PSSession
        bash -c 'cd /run/lab && xl create -q jobs/carol.cfg'
        if ($LASTEXITCODE) { throw 'xl create carol failed' }
        $node = "/local/domain/$(Get-DomainId carol)/data/lab"
        Wait-Until { (Use-Store { param ($store) $store.Read($node) }) -eq 'up' }
    }
}

Describe 'A channel to a domain that is destroyed and created again' {
    AfterEach { Assert-NothingLeft }

    It 'is connected again by the domain''s name, and what was published is there' {
        $job = Start-On carol $Read
        $channel = Connect-DmaBufChannel -Domain carol -Reconnect -TimeoutSec 120
        $buffer = New-UDmaBuf 64KB -Name frame
        $buffer | Write-DmaBufContent 'for carol'
        $before = Publish-DmaBuf $buffer $channel -Name frame
        Complete-Job $job | Should -Be 'for carol'
        Restart-Carol
        $events = Receive-DmaBufEvent $channel -TimeoutSec 120 -Follow | Select-Object -First 3
        $events.Type | Should -Be Imported, Removed, Disconnected
        $events[2].Reason | Should -Be PeerEnded
        $job = Start-On carol $Read
        (Receive-DmaBufEvent $channel -TimeoutSec 120).Type | Should -Be Connected
        Complete-Job $job | Should -Be 'for carol'
        $channel.PeerDomain | Should -Be (Get-DomainId carol)
        $share = Get-DmaBufShare frame
        $share.ImporterDomain | Should -BeGreaterThan $before.ImporterDomain
        $share.Id | Should -Not -Be $before.Id
    }
}
