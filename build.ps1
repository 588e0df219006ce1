<#
.SYNOPSIS
Builds, tests, shows and packs DmaBufPS.
.DESCRIPTION
Every task does its own set-up and says what it does. Words after the task's name go to the task as they are; README.md
and lab/README.md describe the tasks' options.
.EXAMPLE
./build.ps1 -Task Test -Filter Grants
.EXAMPLE
./build.ps1 -Task Lab -- uname -a
#>
param(
    [ValidateSet('Build', 'Test', 'Demo', 'Shell', 'Lab', 'Bench', 'Docs', 'Package', 'Clean')]
    [string] $Task = 'Build'
)

# As a variable, because PowerShell would expand "*" and "~" among a program's arguments.
$env:DMABUFPS_WORDS = -join ($args | ForEach-Object { "`u{1f}$_" })
# The build program starts this same PowerShell again, for tests and help.
$env:DMABUFPS_PSHOME = $PSHOME
$env:DMABUFPS_PSVERSION = $PSVersionTable.PSVersion
try {
    # With this PowerShell gone, nobody would see the task end.
    & setpriv --pdeathsig TERM "$PSScriptRoot/build/run" $Task
}
finally {
    $env:DMABUFPS_WORDS = $env:DMABUFPS_PSHOME = $env:DMABUFPS_PSVERSION = $null
}
exit $LASTEXITCODE
