# This file's name makes it the last of this folder, because it ends xenstored, without which no domain can be found.

BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'All these tests' {
    It 'leave nothing in xenstore' {
        Assert-NothingLeft
        (xenstore-ls -f /local/domain) -match '/data' -notmatch '/data(/lab)? = ' | Should -BeNullOrEmpty
    }
}

Describe 'A xenstore that ends' {
    It 'ends a wait with an error and advice, and makes new commands fail' {
        Assert-NothingLeft
        $waiting = Start-ThreadJob {
            Import-Module $using:ModulePath
            # The first wait loads what the second one needs, which therefore begins at once.
            Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 1 -ErrorAction SilentlyContinue
            'ready'
            try { Receive-DmaBuf xenstore:frame -Domain alice -TimeoutSec 60 -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId; "$($_.ErrorDetails.RecommendedAction)" }
        }
        Wait-Until { Receive-Job $waiting }
        Start-Sleep 3
        $waiting.State | Should -Be Running
        kill -9 (pidof xenstored)
        $id, $cure = Complete-Job $waiting
        $id | Should -BeLike 'read,E*'
        $cure | Should -Match 'xenstored'
        $failure = Get-Failure { New-GrantBuf 4KB -Domain alice }
        Should-Fail $failure 'connect,ECONNREFUSED' ConnectionError 'xenstored'
    }
}
