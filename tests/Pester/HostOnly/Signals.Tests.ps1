# What the other side of a hand-off sees of a process that a signal ends, at each stage.

BeforeAll {
    . $PSScriptRoot/../common.ps1

    # Starts a PowerShell of its own, which runs a script and then waits for its end.
    function Start-Shell ([string] $Script) {
        # Below nohup, SIGHUP would be ignored here and so in the new process.
        $start = [Diagnostics.ProcessStartInfo]::new('env')
        $command = "Import-Module '$ModulePath'; $Script; 'ready'; Start-Sleep 300"
        '--default-signal=HUP', (Join-Path $PSHOME pwsh), '-NoProfile', '-NonInteractive', '-Command', $command |
            ForEach-Object { $start.ArgumentList.Add($_) }
        $start.RedirectStandardOutput = $true
        $shell = [Diagnostics.Process]::Start($start)
        $shells.Add($shell)
        $shell
    }

    function Wait-Ready ($Shell) { $Shell.StandardOutput.ReadLine() | Should -Be ready }

    function Wait-Socket { Wait-Until { Test-Path $socket } 120 }

    function Send-Signal ($Shell) {
        kill "-$Signal" $Shell.Id
        $Shell.WaitForExit(60000) | Should -BeTrue
    }
}

Describe 'A process that ends by SIG<Signal>' -ForEach @(
    @{ Signal = 'TERM' }
    @{ Signal = 'HUP' }
    @{ Signal = 'KILL' }) {
    BeforeAll { $shells = [Collections.Generic.List[Diagnostics.Process]]::new() }
    BeforeEach { $socket = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n').Substring(0, 8)).sock" }
    AfterEach {
        Get-DmaBuf | Remove-DmaBuf
        foreach ($shell in $shells) {
            if (-not $shell.HasExited) { $shell.Kill() }
            $shell.Dispose()
        }
        $shells.Clear()
    }

    It 'while it listens leaves an address at which the next one listens' {
        $shell = Start-Shell "Receive-DmaBuf 'unixd:$socket' -Wait"
        Wait-Socket
        Send-Signal $shell
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            Receive-DmaBuf "unix:$using:socket" -Wait -TimeoutSec 60 | Read-DmaBufContent -AsString -Count 4
        }
        New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent 'next' -PassThru |
            Send-DmaBufFd "unixd:$socket" -TimeoutSec 60
        Receive-Job $receiving -Wait | Should -Be 'next'
        Remove-Job $receiving
    }

    It 'between its connection and its data is seen to have closed early' {
        $receiving = Start-ThreadJob {
            Import-Module $using:ModulePath
            try { Receive-DmaBuf "unixd:$using:socket" -Wait -TimeoutSec 120 -ErrorAction Stop }
            catch { $_.FullyQualifiedErrorId; [datetime]::UtcNow }
        }
        Wait-Socket
        $connected = "`$c = [Net.Sockets.Socket]::new('Unix', 'Stream', 'Unspecified')
            `$c.Connect([Net.Sockets.UnixDomainSocketEndPoint]::new('$socket'))"
        $shell = Start-Shell $connected
        Wait-Ready $shell
        $sent = [datetime]::UtcNow
        Send-Signal $shell
        $id, $seen = Receive-Job $receiving -Wait
        Remove-Job $receiving
        $id | Should -BeLike 'Peer,ClosedEarly,*'
        ($seen - $sent).TotalSeconds | Should -BeLessThan 10
    }

    It 'while it has a buffer is done with it' {
        $receive = "Receive-DmaBuf 'unixd:$socket' -Wait -TimeoutSec 60"
        $shell = Start-Shell "`$buffer = $receive; `$buffer | Read-DmaBufContent | Out-Null"
        Wait-Socket
        $buffer = New-UDmaBuf 4KB -Backing MemFd
        $buffer | Send-DmaBufFd "unix:$socket" -TimeoutSec 60
        Wait-Ready $shell
        Should-Fail { $buffer | Wait-DmaBufRelease -TimeoutSec 0.2 } 'Wait,ETIMEDOUT' OperationTimeout
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Send-Signal $shell
        $buffer | Wait-DmaBufRelease -TimeoutSec 60
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 10
    }

    It 'while it waits for the release leaves the buffer to its peer' {
        $make = "New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent 'kept' -PassThru"
        $shell = Start-Shell "$make | Send-DmaBufFd 'unixd:$socket' -Wait"
        Wait-Socket
        $buffer = Receive-DmaBuf "unix:$socket" -TimeoutSec 60
        Send-Signal $shell
        $buffer | Read-DmaBufContent -AsString -Count 4 | Should -Be 'kept'
    }
}
