# Several peers at once. The order in which they come is a matter of moments, which an emulated processor does not keep.

BeforeAll {
    . $PSScriptRoot/../common.ps1
}

Describe 'Connect-DmaBufChannel to several peers' {
    AfterEach { Get-DmaBufChannel | Disconnect-DmaBufChannel }

    It 'connect to several peers at once, and return each channel when its peer has come' {
        $sockets = 'first', 'second' | ForEach-Object { Join-Path $TestDrive "$_.sock" }
        $job = Start-ThreadJob {
            Import-Module $using:ModulePath
            Connect-DmaBufChannel -Address ($using:sockets -replace '^', 'unixd:') -TimeoutSec 60 -Verbose
        }
        Wait-Until { (Test-Path $sockets[0]) -and (Test-Path $sockets[1]) } 60
        $second = Connect-DmaBufChannel "unix:$($sockets[1])" -TimeoutSec 60
        Wait-Until { $job.Output.Count -eq 1 } 60
        $first = Connect-DmaBufChannel "unix:$($sockets[0])" -TimeoutSec 60
        $channels = Receive-Job $job -Wait 4> $null
        Remove-Job $job -Force
        $channels | ForEach-Object Address | Should -Be "unixd:$($sockets[1])", "unixd:$($sockets[0])"
        $first, $second + $channels | Disconnect-DmaBufChannel
    }

    It 'report the peers that cannot be reached, and connect to the others' {
        $socket = Join-Path $TestDrive 'one.sock'
        $job = Start-ThreadJob {
            Import-Module $using:ModulePath
            Connect-DmaBufChannel "unixd:$using:socket" -TimeoutSec 60
        }
        Wait-Until { Test-Path $socket } 60
        # Long enough for the one that can be reached.
        $channel = Connect-DmaBufChannel "unix:$socket", 'tcp:127.0.0.1:9' -TimeoutSec 10 -ErrorVariable failure `
            -ErrorAction SilentlyContinue
        $channel.Address | Should -Be "unix:$socket"
        $failure[0].FullyQualifiedErrorId | Should -BeLike 'Wait,ETIMEDOUT,*'
        $channel, (Receive-Job $job -Wait) | Disconnect-DmaBufChannel
        Remove-Job $job -Force
        Should-Fail { Connect-DmaBufChannel tcp:127.0.0.1:9 -Domain 1, 2 } 'Channel,TooManyDomains' InvalidArgument `
            '-Domain alone'
    }
}
