# Every file here dot-sources this one. The suites run in the lab's hosts: in dom0 of Xen, in the host of KVM, or in a
# plain machine. A guest's part of a test runs in that guest's own PowerShell, which is started once. On Xen, the build
# sets DMABUFPS_DRIVER_DISTRIBUTION, _STOCK and _MMAP to the files of the grant device's drivers. Where guests are PV
# that should be PVH, it sets DMABUFPS_WITHOUT_PVH to the reason. On another processor, it sets DMABUFPS_MODULE to the
# copy of the module that is compiled for it, and DMABUFPS_PEER to its dmabuf-peer.

$ErrorActionPreference = 'Stop'
$script:RepositoryRoot = Split-Path (Split-Path $PSScriptRoot)
$script:ModulePath = $env:DMABUFPS_MODULE ?? (Join-Path $RepositoryRoot 'out/DmaBufPS')
$script:PeerProgram = $env:DMABUFPS_PEER ?? (Join-Path $RepositoryRoot 'out/dmabuf-peer')
$script:IsArm64 = [Runtime.InteropServices.RuntimeInformation]::OSArchitecture -eq 'Arm64'
$script:IsXen = Test-Path /proc/xen/capabilities
if (-not (Get-Module DmaBufPS)) {
    Import-Module $ModulePath
}

# Every domain's PowerShell runs this at its start. It defines how tests fill buffers and examine failures.
$script:Preparation = {
    param ($modulePath)
    $global:ErrorActionPreference = 'Stop'
    $global:ProgressPreference = 'SilentlyContinue'
    $global:modulePath = $modulePath
    # Otherwise PowerShell would search all modules for the first command, over a guest's slow network.
    Import-Module Microsoft.PowerShell.Utility, Microsoft.PowerShell.Management, $modulePath

    # Returns random content, in which each page differs from every other, so that no test passes by accident.
    function global:Get-Noise ([int] $Size, [int] $Seed) {
        $bytes = [byte[]]::new($Size)
        [Random]::new($Seed).NextBytes($bytes)
        , $bytes
    }

    function global:Get-NoiseHash ([int] $Size, [int] $Seed) {
        [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData((Get-Noise $Size $Seed)))
    }

    # Turns an error into data that remoting preserves.
    filter global:ConvertTo-Failure {
        [pscustomobject]@{
            Id = $_.FullyQualifiedErrorId
            Category = "$($_.CategoryInfo.Category)"
            Message = $_.Exception.Message
            Cure = "$($_.ErrorDetails.RecommendedAction)"
        }
    }

    # Counts everything about buffers that this process has open, but not its sockets, which remoting uses as well, nor
    # the memfds of .NET itself.
    function global:Get-Holding {
        $counts = @{ 'buffer of Get-DmaBuf' = @(Get-DmaBuf).Count; 'entry of Get-GrantRefs' = @(Get-GrantRefs).Count }
        $ours = '/dev/(xen/\w+|udmabuf|dma_heap/\w+)|/dmabuf|/memfd:(?!doublemapper|dotnet)'
        foreach ($link in [IO.Directory]::EnumerateFileSystemEntries('/proc/self/fd')) {
            if ([IO.FileInfo]::new($link).LinkTarget -match "^($ours)") { $counts["descriptor of $($Matches[1])"]++ }
        }
        foreach ($line in [IO.File]::ReadLines('/proc/self/maps') -match " ($ours)") {
            $null = $line -match " ($ours)"
            $counts["mapping of $($Matches[1])"]++
        }
        $counts
    }

    # Names what there is more of after than before.
    function global:Compare-Holding ([hashtable] $Before, [hashtable] $After) {
        foreach ($kind in $After.Keys | Sort-Object) {
            if ($After[$kind] -gt [int] $Before[$kind]) { "$($After[$kind] - $Before[$kind]) $kind" }
        }
    }

    # Returns the error of a command, with what the command left open in this process; nothing if it does not fail.
    function global:Get-Failure ($Command, [object[]] $Arguments) {
        $heldBefore = Get-Holding
        try {
            $script = $Command -is [scriptblock] ? $Command : [scriptblock]::Create($Command)
            $null = & $script @Arguments
        }
        catch {
            $failure = $_ | ConvertTo-Failure
            $failure | Add-Member Left ((Compare-Holding $heldBefore (Get-Holding)) -join ', ') -PassThru
        }
    }

    # Waits until a script returns true. Fails after two minutes, because first runs are slow here.
    function global:Wait-Until ([scriptblock] $Condition, [double] $Seconds = 120) {
        $end = [datetime]::UtcNow.AddSeconds($Seconds)
        while (-not (& $Condition)) {
            if ([datetime]::UtcNow -gt $end) { throw "timed out after $Seconds s waiting for: $Condition" }
            Start-Sleep -Milliseconds 100
        }
    }

    # Waits until a process has ended and its redirected output is complete.
    function global:Wait-Exit ([Diagnostics.Process] $Process, [int] $Seconds = 60) {
        if (-not $Process.WaitForExit(1000 * $Seconds)) { throw "$($Process.Name) did not end within $Seconds s" }
        # With a time limit, it does not wait for the readers of the output.
        $Process.WaitForExit()
    }

    # Waits for a job's end and returns its results, or throws its error.
    function global:Complete-Job ($Job, [int] $Seconds = 240) {
        if (-not (Wait-Job $Job -Timeout $Seconds)) { throw "a job did not end within $Seconds s" }
        try { Receive-Job $Job } finally { Remove-Job $Job -Force }
    }

    # Ends everything that this process shares or has imported. Reports, once, what stays open nevertheless.
    if ($null -eq $global:lostBefore) { $global:lostBefore = @{} }
    function global:Clear-Domain {
        Get-DmaBufChannel | Disconnect-DmaBufChannel
        Get-DmaBuf | Remove-DmaBuf
        Get-GrantRefs | Revoke-GrantRefs
        Get-GuestPages | Revoke-GuestPages
        $lost = Get-Holding
        # The thread of the channels closes what they had a moment after they end.
        for ($pause = 50; (Compare-Holding $lostBefore $lost) -and $pause -lt 8000; $pause *= 2) {
            Start-Sleep -Milliseconds $pause
            $lost = Get-Holding
        }
        Compare-Holding $lostBefore $lost
        $global:lostBefore = $lost
    }
}
. $Preparation $ModulePath

# Starts a PowerShell in each guest that has none of ours yet, all at once, and keeps them.
function Start-Guest ([string[]] $Domain) {
    $missing = @($Domain | Where-Object { -not (Find-Guest $_) })
    if ($missing) {
        $sessions = New-PSSession -HostName $missing -Name $missing
        Invoke-Command -Session $sessions -ScriptBlock $Preparation -ArgumentList $ModulePath
    }
}

function Find-Guest ([string] $Domain) {
    Get-PSSession | Where-Object { $_.Name -eq $Domain -and $_.State -eq 'Opened' } | Select-Object -First 1
}

function Get-Guest ([string] $Domain) {
    # Without this check, a guest's crash would be noticed only a minute later.
    if (-not (Test-Running $Domain)) { throw "$Domain is gone" }
    Start-Guest $Domain
    Find-Guest $Domain
}

function Test-Running ([string] $Domain) {
    if ($IsXen) { return $null -ne (Get-DomainId $Domain) }
    $qemu = Get-Content "/run/$Domain.pid" -ErrorAction Ignore
    $qemu -and (Test-Path "/proc/$qemu")
}

# Runs a script in a domain. Scripts of one test pass values on in global variables.
function On ([string] $Domain, [scriptblock] $Script, [object[]] $Arguments) {
    if ($Domain -eq [Environment]::MachineName) {
        & $Script @Arguments
    }
    else {
        Invoke-Command -Session (Get-Guest $Domain) -ScriptBlock $Script -ArgumentList $Arguments
    }
}

# Starts a script in a guest without waiting for its end; Complete-Job returns its results and errors.
function Start-On ([string] $Domain, [scriptblock] $Script, [object[]] $Arguments) {
    Invoke-Command -Session (Get-Guest $Domain) -ScriptBlock $Script -ArgumentList $Arguments -AsJob
}

function Get-FailureOn ([string] $Domain, [scriptblock] $Command, [object[]] $Arguments) {
    # The script goes as text, because remoting turns a script into text anyway.
    On $Domain { param ($text, $arguments) Get-Failure $text $arguments } -Arguments "$Command", $Arguments
}

# Checks what every failure must provide: an id, a category, an action in words, and that nothing stays open.
function Should-Fail ($Failure, [string] $Id, [string] $Category, [string] $Cure = '\w') {
    $Failure | Should -Not -BeNullOrEmpty -Because 'the command must fail'
    $Failure.Id | Should -BeLike "$Id,*" -Because $Failure.Message
    $Failure.Category | Should -Be $Category
    $Failure.Cure | Should -Match $Cure
    $Failure.Left | Should -BeNullOrEmpty -Because 'a command that fails leaves nothing open'
}

# Repeats an import until the kernel has taken the grants back, and returns the import's first error.
function Wait-Failure ([scriptblock] $Import) {
    for ($i = 0; $i -lt 80; $i++) {
        $failure = Get-Failure $Import
        if ($failure) { return $failure }
        Get-DmaBuf | Where-Object Origin -In GrantImport, GrantMapping | Remove-DmaBuf
        Start-Sleep -Milliseconds 500
    }
}

# Returns the id of a domain of this host.
function Get-DomainId ([string] $Domain) {
    (Get-XenDomain | Where-Object { $_.Name -eq ($Domain -eq 'dom0' ? 'Domain-0' : $Domain) }).Id
}

# Returns how Xen runs a domain: pv or pvh.
function Get-DomainType ([string] $Domain) {
    (Get-XenDomain | Where-Object Name -EQ ($Domain -eq 'dom0' ? 'Domain-0' : $Domain)).Type
}

# Whether a domain gets a dma-buf of references if it uses that driver.
function Test-MakesDmaBuf ([string] $Domain, [string] $Driver) {
    if ($IsArm64) { return $Driver -ne 'Distribution' }
    $Driver -eq 'Mmap' -and (Get-DomainType $Domain) -eq 'pvh'
}

# Skips the test, with the reason, where the domain is a PV guest because QEMU runs no PVH domain reliably.
function Assert-Pvh ([string] $Domain) {
    if ($env:DMABUFPS_WITHOUT_PVH -and (Get-DomainType $Domain) -ne 'pvh') {
        Set-ItResult -Skipped -Because $env:DMABUFPS_WITHOUT_PVH
    }
}

# Changes the grant device's driver in guests. dom0 keeps the one it booted with, because xenstored holds its device.
function Use-Driver ([string] $Driver, [string[]] $Domains) {
    $file = [Environment]::GetEnvironmentVariable("DMABUFPS_DRIVER_$($Driver.ToUpperInvariant())")
    sh $PSScriptRoot/driver.sh $file @Domains
    if ($LASTEXITCODE) { throw "a guest cannot change the grant device's driver to $Driver" }
}

# Waits until an offer of a domain is in xenstore, and returns its node.
function Wait-Offer ([string] $Exporter, [string] $Importer, [string] $Name, [int] $Number = 1) {
    $node = "/local/domain/$(Get-DomainId $Exporter)/data/dmabufps/$(Get-DomainId $Importer)/$Name/$Number"
    Wait-Until { (Use-Store { param ($store) $store.Read("$node/state") }) -eq 'ready' }
    $node
}

# Runs a script with a connection to xenstore, as dom0, which may do anything there.
function Use-Store ([scriptblock] $Script) {
    $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(60))
    $store = [DmaBuf.Xen.XenStore]::Open($limit)
    try { & $Script $store } finally { $store.Dispose(); $limit.Dispose() }
}

# Returns the nodes of this module's offers in the data of all domains. (xenstore-ls would take seconds here.)
function Get-OfferNode {
    Use-Store {
        param ($store)
        foreach ($id in $store.List('/local/domain')) { $store.List("/local/domain/$id/data/dmabufps") }
    }
}

# Ends what a test left. Fails if something cannot be ended, stays in xenstore, or stays open without being listed.
function Assert-NothingLeft {
    Get-Job | Remove-Job -Force
    $lost = @(
        Clear-Domain | ForEach-Object { "$([Environment]::MachineName): $_" }
        foreach ($guest in Get-PSSession | Where-Object State -EQ Opened) {
            Invoke-Command -Session $guest { Clear-Domain } | ForEach-Object { "$($guest.Name): $_" }
        }
    )
    if ($IsXen) { Get-OfferNode | Should -BeNullOrEmpty -Because 'nothing may stay in xenstore' }
    $lost | Should -BeNullOrEmpty -Because 'nothing may stay open that no cmdlet lists'
}
