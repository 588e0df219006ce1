BeforeAll { . $PSScriptRoot/../common.ps1 }

Describe 'The package' {
    It 'installs with Install-PSResource from a folder, and its cmdlets and help work from there' {
        $folder = (New-Item -ItemType Directory "$TestDrive/packages").FullName
        & "$RepositoryRoot/build/Scripts/package.ps1" -Module $ModulePath -Folder $folder | Select-Object -First 1 |
            Should -BeLike "The package is $folder/DmaBufPS.*.nupkg*"

        # A process and a user of its own: nothing but PowerShell's own modules is there before.
        $script = @"
            `$ErrorActionPreference = 'Stop'
            `$env:PSModulePath = "`$HOME/.local/share/powershell/Modules:`$PSHOME/Modules"
            (Get-Module DmaBufPS -ListAvailable).Count
            Register-PSResourceRepository Folder '$folder' -Trusted
            Install-PSResource DmaBufPS -Repository Folder
            New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent 'from a package' -PassThru | Read-DmaBufContent -AsString
            (Get-Module DmaBufPS).ModuleBase
            (Get-Help New-UDmaBuf).examples.example.Count -gt 0
            (Get-Help about_DmaBufPS).Length -gt 0
"@
        $user = (New-Item -ItemType Directory "$TestDrive/user").FullName
        $said = env -u XDG_DATA_HOME -u XDG_CONFIG_HOME -u XDG_CACHE_HOME HOME=$user pwsh -NoProfile -NonInteractive -Command $script
        $said[0..1] | Should -Be 0, 'from a package'
        $said[2] | Should -BeLike "$user/*"
        $said[3..4] | Should -Be True, True
    }
}
