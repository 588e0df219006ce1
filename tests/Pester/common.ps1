# Every test file dot-sources this one. It imports the built module and checks what the tests need from the machine.

$script:RepositoryRoot = Split-Path (Split-Path $PSScriptRoot)
if (-not (Get-Module DmaBufPS)) {
    Import-Module (Join-Path $RepositoryRoot 'out/DmaBufPS')
}
$script:ModulePath = (Get-Module DmaBufPS).ModuleBase

# The backing for tests that work with any kind of memory: a memfd where the machine has no udmabuf.
$script:AnyBacking = @{ Backing = (Test-DmaBufSupport UDmaBuf) ? 'UDmaBuf' : 'MemFd' }

# Skips the test, with the reason, unless the machine offers the feature.
function Assert-Support ([DmaBuf.Discovery.SupportFeature] $Feature) {
    $check = Get-DmaBufSupport $Feature
    if (-not $check.Available) {
        Set-ItResult -Skipped -Because "needs $Feature ($($check.Detail))"
    }
}

# Compiles a program of tests/Peers with the system's compiler, once, and returns its path.
function Get-CPeer ([string] $Name) {
    $program = Join-Path $TestDrive $Name
    if (-not (Test-Path $program)) {
        if (-not (Get-Command cc -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because 'needs a C compiler and libc6-dev'
        }
        cc -O1 -o $program (Join-Path $RepositoryRoot "tests/Peers/$Name.c")
        if ($LASTEXITCODE) { throw "cc failed on $Name.c" }
    }
    $program
}

# Starts a C peer in the background; returns only when a peer that is to listen does so. Wait-CPeer returns its lines.
function Start-CPeer ([string[]] $Arguments) {
    $start = [Diagnostics.ProcessStartInfo]::new((Get-CPeer peer), $Arguments)
    $start.RedirectStandardOutput = $true
    $peer = [Diagnostics.Process]::Start($start)
    if ($Arguments -contains 'listen') {
        $peer.StandardOutput.ReadLine() | Should -Be listening
    }
    $peer
}

function Wait-CPeer ([Parameter(ValueFromPipeline)] [Diagnostics.Process] $Peer) {
    process {
        $Peer.StandardOutput.ReadToEnd() -split "`n" | Where-Object { $_ }
        $Peer.WaitForExit()
        # Disposing of the process does not dispose of a stream that was read.
        $Peer.StandardOutput.Dispose()
        $Peer.Dispose()
    }
}

# Waits until a script returns true.
function Wait-Until ([scriptblock] $Condition, [double] $Seconds) {
    $end = [datetime]::UtcNow.AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ([datetime]::UtcNow -gt $end) { throw "timed out after $Seconds s waiting for: $Condition" }
        Start-Sleep -Milliseconds 20
    }
}

# Returns the first error that a command writes or throws.
function Get-ErrorOf ([scriptblock] $Command) {
    try {
        $null = & $Command -ErrorVariable script:failures -ErrorAction SilentlyContinue 2>&1 |
            Tee-Object -Variable output
        ($output | Where-Object { $_ -is [System.Management.Automation.ErrorRecord] })[0]
    }
    catch {
        $_
    }
}

# Checks what every failure must provide: an id, a category, and an action in words.
function Should-Fail ([scriptblock] $Command, [string] $Id, [string] $Category, [string] $Cure = '\w') {
    $failure = Get-ErrorOf $Command
    $failure | Should -Not -BeNullOrEmpty -Because 'the command must fail'
    $failure.FullyQualifiedErrorId | Should -BeLike "$Id,*"
    $failure.CategoryInfo.Category | Should -Be $Category
    $failure.ErrorDetails.RecommendedAction | Should -Match $Cure
}

# Counts this process's descriptors, by kind, and its mappings of buffers.
function Get-DescriptorCount {
    $counts = @{}
    foreach ($link in [IO.Directory]::EnumerateFileSystemEntries('/proc/self/fd')) {
        $target = [IO.FileInfo]::new($link).LinkTarget
        if ($target -and -not $target.StartsWith('/proc/')) {
            $kind = ($target -split '[\[(]')[0]
            $counts[$kind] = 1 + $counts[$kind]
        }
    }
    $counts['mapping'] = @([IO.File]::ReadLines('/proc/self/maps') -match '/dmabuf|/memfd:(?!doublemapper)').Count
    $counts
}

# Fails if the number of any kind of descriptor grows with each run. The first run does not count, because it loads
# files that stay open.
function Should-LeakNothing ([scriptblock] $Action, [int] $Runs = 3) {
    $null = & $Action
    $before = Get-DescriptorCount
    1..$Runs | ForEach-Object { $null = & $Action }
    $after = Get-DescriptorCount
    $after.Keys | Where-Object { $after[$_] -ge $before[$_] + $Runs } |
        Should -BeNullOrEmpty -Because 'descriptors leak'
}

# Whether a process is connected to the one that listens at the path of a unix socket.
function Test-Connected ([string] $Path) { [bool] ((Get-Content /proc/net/unix) -like "* 03 *$Path") }

# Runs a command in its own runspace and stops it as Ctrl+C does, some time after a condition holds; returns the
# milliseconds that stopping takes.
function Stop-Command ([string] $Script, [int] $AfterMilliseconds = 500, [scriptblock] $When = { $true }) {
    $shell = [powershell]::Create()
    try {
        # Before the command, because it takes long on a busy computer.
        $null = $shell.AddScript("Import-Module '$ModulePath'").Invoke()
        $shell.Commands.Clear()
        $null = $shell.AddScript($Script)
        $running = $shell.BeginInvoke()
        Wait-Until { $running.IsCompleted -or (& $When) } 60
        Start-Sleep -Milliseconds $AfterMilliseconds
        if ($running.IsCompleted) {
            throw "the command did not wait: $($shell.Streams.Error)"
        }
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $shell.Stop()
        $clock.ElapsedMilliseconds
    }
    finally {
        $shell.Dispose()
    }
}
