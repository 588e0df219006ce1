# The last of this folder, by its name: it ends xenstored, which nothing survives that looks for a domain.

BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'All these tests' {
    It 'leave nothing in xenstore' {
        Assert-NothingLeft
        (xenstore-ls -f /local/domain) -match '/data' -notmatch '/data(/lab)? = ' | Should -BeNullOrEmpty
    }
}

Describe 'A xenstore that goes' {
    It 'ends a wait with an error and its cure, and then what begins' {
        Assert-NothingLeft
        $waiting = Start-ThreadJob {
            Import-Module $using:ModulePath
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
