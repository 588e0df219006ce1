BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'The module' {
    It 'exports what its manifest lists' {
        $manifest = Import-PowerShellDataFile "$RepositoryRoot/DmaBufPS.psd1"
        (Get-Command -Module DmaBufPS).Name | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
    }

    It 'closes its buffers when it is removed, and works after the next import' {
        # In its own process, because every other test here uses the module.
        $script = @"
            Import-Module '$ModulePath'
            New-UDmaBuf 4KB -Backing MemFd -Name first | Write-DmaBufContent 'x'
            Remove-Module DmaBufPS
            @(Get-ChildItem /proc/self/fd | Where-Object LinkTarget -like '/memfd:first*').Count
            @(Get-Content /proc/self/maps | Where-Object { `$_ -like '*/memfd:first*' }).Count
            Import-Module '$ModulePath'
            @(Get-DmaBuf).Count
            New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent 'again' -PassThru | Read-DmaBufContent -AsString
"@
        pwsh -NoProfile -NonInteractive -Command $script | Should -Be 0, 0, 0, again
    }

    It 'leaves the buffers of other runspaces open when one runspace removes it' {
        $buffer = New-UDmaBuf 4KB -Backing MemFd -Name mine
        $module = $ModulePath
        1 | ForEach-Object -Parallel {
            Import-Module $using:module
            $null = New-UDmaBuf 4KB -Backing MemFd -Name theirs
            Remove-Module DmaBufPS
        }
        (Get-DmaBuf).Name | Should -Be mine
        Remove-DmaBuf $buffer
    }
}
