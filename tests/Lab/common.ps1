# Dot-sourced by every file here. The suites run in dom0 of the lab's Xen host; a domain's part of a test runs in that
# domain's own PowerShell, which is started once. From the build: DMABUFPS_DRIVER_DISTRIBUTION, _STOCK and _MMAP, the
# files of the grant device's drivers, and DMABUFPS_WITHOUT_PVH, why guests that would be PVH are PV; unset where they are.

$ErrorActionPreference = 'Stop'
$script:RepositoryRoot = Split-Path (Split-Path $PSScriptRoot)
$script:ModulePath = Join-Path $RepositoryRoot 'out/DmaBufPS'
if (-not (Get-Module DmaBufPS)) {
    Import-Module $ModulePath
}

# What each domain's PowerShell is given at its start: how a test fills a buffer, and how it sees a failure.
$script:Preparation = {
    param ($modulePath)
    $global:ErrorActionPreference = 'Stop'
    $global:ProgressPreference = 'SilentlyContinue'
    $global:modulePath = $modulePath
    # By name: for the first of its commands PowerShell would look through every module, over a guest's slow network.
    Import-Module Microsoft.PowerShell.Utility, Microsoft.PowerShell.Management, $modulePath

    # Content without a pattern that could match by accident: each page differs from every other.
    function global:Get-Noise ([int] $Size, [int] $Seed) {
        $bytes = [byte[]]::new($Size)
        [Random]::new($Seed).NextBytes($bytes)
        , $bytes
    }

    function global:Get-NoiseHash ([int] $Size, [int] $Seed) {
        [Convert]::ToHexString([Security.Cryptography.SHA256]::HashData((Get-Noise $Size $Seed)))
    }

    # What an error promises, as data that crosses remoting.
    filter global:ConvertTo-Failure {
        [pscustomobject]@{
            Id = $_.FullyQualifiedErrorId
            Category = "$($_.CategoryInfo.Category)"
            Message = $_.Exception.Message
            Cure = "$($_.ErrorDetails.RecommendedAction)"
        }
    }

    # What of buffers this process has open, in how many pieces: not its sockets, which remoting has too, nor the memfds
    # of .NET itself.
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

    # What there is more of after than before, in words.
    function global:Compare-Holding ([hashtable] $Before, [hashtable] $After) {
        foreach ($kind in $After.Keys | Sort-Object) {
            if ($After[$kind] -gt [int] $Before[$kind]) { "$($After[$kind] - $Before[$kind]) $kind" }
        }
    }

    # The one error of a command, with what it left open in this process; nothing if it does not fail.
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

    # Waits until a script gives true; fails after two minutes: what runs for the first time is slow here.
    function global:Wait-Until ([scriptblock] $Condition, [double] $Seconds = 120) {
        $end = [datetime]::UtcNow.AddSeconds($Seconds)
        while (-not (& $Condition)) {
            if ([datetime]::UtcNow -gt $end) { throw "this did not come true in $Seconds s: $Condition" }
            Start-Sleep -Milliseconds 100
        }
    }

    # Waits for a job's end; gives its results, or throws its error.
    function global:Complete-Job ($Job, [int] $Seconds = 240) {
        if (-not (Wait-Job $Job -Timeout $Seconds)) { throw "a job did not end in $Seconds s" }
        try { Receive-Job $Job } finally { Remove-Job $Job -Force }
    }

    # Ends all that this process shares or has imported; says what stays open all the same, once.
    if ($null -eq $global:lostBefore) { $global:lostBefore = @{} }
    function global:Clear-Domain {
        Get-DmaBuf | Remove-DmaBuf
        Get-GrantRefs | Revoke-GrantRefs
        $lost = Get-Holding
        Compare-Holding $lostBefore $lost
        $global:lostBefore = $lost
    }
}
. $Preparation $ModulePath

# Starts a PowerShell in each of the guests that has none of ours yet, at once; they are kept.
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
    # A connection to a guest that crashed would be noticed a minute later.
    if ($null -eq (Get-DomainId $Domain)) { throw "$Domain is gone" }
    Start-Guest $Domain
    Find-Guest $Domain
}

# Runs a script in a domain. What it keeps for a later one of the same test goes into global variables.
function On ([string] $Domain, [scriptblock] $Script, [object[]] $Arguments) {
    if ($Domain -eq 'dom0') {
        & $Script @Arguments
    }
    else {
        Invoke-Command -Session (Get-Guest $Domain) -ScriptBlock $Script -ArgumentList $Arguments
    }
}

# Starts a script in a guest without waiting for its end: Complete-Job gives its results and errors.
function Start-On ([string] $Domain, [scriptblock] $Script, [object[]] $Arguments) {
    Invoke-Command -Session (Get-Guest $Domain) -ScriptBlock $Script -ArgumentList $Arguments -AsJob
}

function Get-FailureOn ([string] $Domain, [scriptblock] $Command, [object[]] $Arguments) {
    # As text, which is what remoting makes of a script.
    On $Domain { param ($text, $arguments) Get-Failure $text $arguments } -Arguments "$Command", $Arguments
}

# What every failure promises: an id, a category, an action in words, and that nothing stays open.
function Should-Fail ($Failure, [string] $Id, [string] $Category, [string] $Cure = '\w') {
    $Failure | Should -Not -BeNullOrEmpty -Because 'the command must fail'
    $Failure.Id | Should -BeLike "$Id,*" -Because $Failure.Message
    $Failure.Category | Should -Be $Category
    $Failure.Cure | Should -Match $Cure
    $Failure.Left | Should -BeNullOrEmpty -Because 'a command that fails leaves nothing open'
}

# The first error of an import that is tried until the kernel has taken the grants back.
function Wait-Failure ([scriptblock] $Import) {
    for ($i = 0; $i -lt 80; $i++) {
        $failure = Get-Failure $Import
        if ($failure) { return $failure }
        Get-DmaBuf | Where-Object Origin -In GrantImport, GrantMapping | Remove-DmaBuf
        Start-Sleep -Milliseconds 500
    }
}

# The id of a domain of this host.
function Get-DomainId ([string] $Domain) {
    (Get-XenDomain | Where-Object { $_.Name -eq ($Domain -eq 'dom0' ? 'Domain-0' : $Domain) }).Id
}

# How Xen runs a domain: pv or pvh.
function Get-DomainType ([string] $Domain) {
    (Get-XenDomain | Where-Object Name -EQ ($Domain -eq 'dom0' ? 'Domain-0' : $Domain)).Type
}

# Ends the test as skipped, with the reason, where the domain is a PV guest because QEMU runs no PVH domain reliably.
function Assert-Pvh ([string] $Domain) {
    if ($env:DMABUFPS_WITHOUT_PVH -and (Get-DomainType $Domain) -ne 'pvh') {
        Set-ItResult -Skipped -Because $env:DMABUFPS_WITHOUT_PVH
    }
}

# Has the grant device's driver exchanged in the guests. dom0 keeps the one it booted with: xenstored holds its device.
function Use-Driver ([string] $Driver, [string[]] $Domains) {
    sh $PSScriptRoot/driver.sh ([Environment]::GetEnvironmentVariable("DMABUFPS_DRIVER_$($Driver.ToUpperInvariant())")) @Domains
    if ($LASTEXITCODE) { throw "a guest cannot change the grant device's driver to $Driver" }
}

# Waits until an offer of a domain lies in xenstore; gives its node.
function Wait-Offer ([string] $Exporter, [string] $Importer, [string] $Name) {
    $node = "/local/domain/$(Get-DomainId $Exporter)/data/dmabufps/$(Get-DomainId $Importer)/$Name"
    Wait-Until { (Use-Store { param ($store) $store.Read("$node/state") }) -eq 'ready' }
    $node
}

# Runs a script with a connection to xenstore, as dom0, which may do everything there.
function Use-Store ([scriptblock] $Script) {
    $limit = [DmaBuf.Waits.WaitLimit]::new([timespan]::FromSeconds(20))
    $store = [DmaBuf.Xen.XenStore]::Open($limit)
    try { & $Script $store } finally { $store.Dispose(); $limit.Dispose() }
}

# The nodes by which this module hands over references, in the data of all domains. xenstore-ls takes seconds here.
function Get-OfferNode {
    Use-Store {
        param ($store)
        foreach ($id in $store.List('/local/domain')) { $store.List("/local/domain/$id/data/dmabufps") }
    }
}

# Ends what a test left, and fails if something cannot end, stays in xenstore, or stays open without being listed.
function Assert-NothingLeft {
    Get-Job | Remove-Job -Force
    $lost = @(
        Clear-Domain | ForEach-Object { "dom0: $_" }
        foreach ($guest in Get-PSSession | Where-Object State -EQ Opened) {
            Invoke-Command -Session $guest { Clear-Domain } | ForEach-Object { "$($guest.Name): $_" }
        }
    )
    Get-OfferNode | Should -BeNullOrEmpty -Because 'nothing may stay in xenstore'
    $lost | Should -BeNullOrEmpty -Because 'what no cmdlet lists may not stay open'
}
