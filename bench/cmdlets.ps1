<#
.SYNOPSIS
Measures the content cmdlets and the C loops, which take turns in this one process.
.DESCRIPTION
Writes one object per scenario: medians in milliseconds, or KiB of managed allocation.
#>
param(
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $Library,
    [Parameter(Mandatory)] [string] $Bench,
    [Parameter(Mandatory)] [string] $OutFile,
    [switch] $Quick
)
$ErrorActionPreference = 'Stop'
Import-Module $Module
Add-Type -Path $Bench
[DmaBuf.Bench.Baseline]::Load($Library)
$backing = if (Test-Path /dev/udmabuf) { 'Udmabuf' } else { 'MemFd' }

function Get-Median([double[]] $Values) {
    [array]::Sort($Values)
    $Values[[Math]::Floor($Values.Count / 2)]
}

function Measure-Pair([string] $Scenario, [scriptblock] $Cmdlet, [string] $Call) {
    $ours = [double[]]::new($calls)
    $c = [double[]]::new($calls)
    $watch = [Diagnostics.Stopwatch]::new()
    # The first calls also compile the code that they run, so their times are dropped.
    for ($i = -$warmup; $i -lt $calls; $i++) {
        $watch.Restart()
        $null = & $Cmdlet
        $watch.Stop()
        $took = [DmaBuf.Bench.Baseline]::Time($Call, $mapped, $bytes, $OutFile)
        if ($i -ge 0) {
            $ours[$i] = $watch.Elapsed.TotalMilliseconds
            $c[$i] = $took
        }
    }
    [pscustomobject]@{ Scenario = $Scenario; Size = $size; Ours = Get-Median $ours; C = Get-Median $c; Unit = 'ms' }
}

foreach ($size in 64KB, 1MB, 64MB) {
    $calls = $size -lt 64MB ? 400 : 30
    $calls = $Quick ? $calls / 2 : $calls
    $warmup = [Math]::Min($calls, 60)
    $buffer = New-UDmaBuf -Size $size -Backing $backing
    $bytes = [byte[]]::new($size)
    [Random]::new(1).NextBytes($bytes)
    $mapped = [DmaBuf.Bench.Baseline]::Open($buffer.Fd, $size, $buffer.IsDmaBuf)

    Measure-Pair 'Write-DmaBufContent' { Write-DmaBufContent $bytes -InputObject $buffer } 'Write'
    Measure-Pair 'Read-DmaBufContent' { Read-DmaBufContent $buffer } 'ReadFresh'
    Measure-Pair 'Read-DmaBufContent -AsHash' { Read-DmaBufContent $buffer -AsHash } 'Hash'
    Measure-Pair 'Read-DmaBufContent -OutFile' { Read-DmaBufContent $buffer -OutFile $OutFile } 'WriteFile'
    if ($size -eq 64MB) {
        $before = [GC]::GetTotalAllocatedBytes($true)
        Read-DmaBufContent $buffer -OutFile $OutFile
        $allocated = [GC]::GetTotalAllocatedBytes($true) - $before
        [pscustomobject]@{
            Scenario = 'managed memory of -OutFile'
            Size = $size
            Ours = $allocated / 1KB
            C = 0
            Unit = 'KiB'
        }
    }
    [DmaBuf.Bench.Baseline]::Close($mapped)
    Remove-DmaBuf $buffer
}
Remove-Item $OutFile
