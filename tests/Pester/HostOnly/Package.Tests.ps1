BeforeAll { . $PSScriptRoot/../common.ps1 }

Describe 'A link to the module on PSModulePath' {
    It 'loads the module by itself, in parallel runspaces too' {
        $modules = (New-Item -ItemType Directory "$TestDrive/linked/.local/share/powershell/Modules").FullName
        ln -s $ModulePath $modules
        $script = @'
            1..3 | ForEach-Object -ThrottleLimit 3 -Parallel {
                New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent "from $_" -PassThru | Read-DmaBufContent -AsString
            } | Sort-Object
'@
        # Without the paths of the PowerShell that runs this test.
        env -u PSModulePath -u XDG_DATA_HOME HOME=$TestDrive/linked pwsh -NoProfile -NonInteractive -Command $script |
            Should -Be 'from 1', 'from 2', 'from 3'
    }
}

Describe 'The assemblies of the module' {
    It 'run on any processor, as the C# compiler makes them: <_>' -ForEach 'DmaBuf.dll', 'DmaBufPS.dll' {
        $path = Join-Path $RepositoryRoot out/build/bin/DmaBufPS/release $_
        $reader = [Reflection.PortableExecutable.PEReader]::new([IO.File]::OpenRead($path))
        try {
            $reader.PEHeaders.CoffHeader.Machine | Should -Be 'I386' -Because 'that stands for any processor'
            $reader.PEHeaders.CorHeader.Flags | Should -Be 'ILOnly'
            $reader.PEHeaders.CorHeader.ManagedNativeHeaderDirectory.Size | Should -Be 0
        }
        finally {
            $reader.Dispose()
        }
    }
}

Describe 'The package' {
    It 'installs with Install-PSResource from a folder, and its cmdlets and help work from there' {
        $folder = (New-Item -ItemType Directory "$TestDrive/packages").FullName
        & "$RepositoryRoot/build/Scripts/package.ps1" -Module $ModulePath -Folder $folder | Select-Object -First 1 |
            Should -BeLike "The package is $folder/DmaBufPS.*.nupkg*"

        # In its own process with its own home folder, where there are only PowerShell's own modules at first.
        $script = @"
            `$ErrorActionPreference = 'Stop'
            `$env:PSModulePath = "`$HOME/.local/share/powershell/Modules:`$PSHOME/Modules"
            (Get-Module DmaBufPS -ListAvailable).Count
            Register-PSResourceRepository Folder '$folder' -Trusted
            Install-PSResource DmaBufPS -Repository Folder
            New-UDmaBuf 4KB -Backing MemFd | Write-DmaBufContent 'from a package' -PassThru |
                Read-DmaBufContent -AsString
            (Get-Module DmaBufPS).ModuleBase
            (Get-Help New-UDmaBuf).examples.example.Count -gt 0
            (Get-Help about_DmaBufPS).Length -gt 0
"@
        $user = (New-Item -ItemType Directory "$TestDrive/user").FullName
        $without = 'XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME' | ForEach-Object { '-u', $_ }
        $said = env @without HOME=$user pwsh -NoProfile -NonInteractive -Command $script
        $said[0..1] | Should -Be 0, 'from a package'
        $said[2] | Should -BeLike "$user/*"
        $said[3..4] | Should -Be True, True
    }
}
