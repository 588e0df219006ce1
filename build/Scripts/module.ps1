<#
.SYNOPSIS
Makes sure that a module is here: exits with 0 when it is, fetching it into the folder if need be, and with 1 otherwise.
#>
param([string] $Name, [version] $Version, [string] $Folder)

$here = Get-Module -ListAvailable -Name $Name | Where-Object { $_.Version.Major -eq $Version.Major }
if ($here) {
    exit 0
}
try {
    [Console]::Error.WriteLine("fetching $Name $Version into $Folder")
    Save-PSResource -Name $Name -Version $Version -Path $Folder -Repository PSGallery -TrustRepository -ErrorAction Stop
    exit 0
}
catch {
    [Console]::Error.WriteLine("cannot fetch ${Name}: $($_.Exception.Message)")
    exit 1
}
