# What a first run of build.sh meets: another cache, no network, a full disk, files of others. Each run has a copy of the
# repository with the build program, so that only what the program does itself is tried.

BeforeDiscovery {
    $isRoot = (id -u) -eq 0
}

BeforeAll {
    . $PSScriptRoot/../common.ps1

    $parts = 'build', 'lab', 'build.sh', 'build.ps1', '.config', 'DmaBufPS.psd1', 'Directory.Build.props',
        'Directory.Build.targets', 'Directory.Packages.props', 'out/DmaBufPS', 'out/built', 'out/dmabuf-peer',
        'out/build/bin/Build', 'out/build/run.stamp'

    # No source of the copy is newer than what was built of it.
    function Copy-Repository ([string] $Name) {
        $copy = (New-Item -ItemType Directory "$TestDrive/$Name").FullName
        Push-Location $RepositoryRoot
        try { cp -a --parents @($parts | Where-Object { Test-Path $_ }) $copy } finally { Pop-Location }
        $null = New-Item -ItemType Directory "$copy/src", "$copy/docs"
        $null = New-Item "$copy/src/none", "$copy/docs/none"
        touch "$copy/out/built"
        $copy
    }

    # What starts the copy's PowerShell with one command, and the variables of a user: none of the PowerShell that runs
    # this.
    $path = $env:PATH -split ':' -ne $PSHOME -join ':'
    function Get-ShellWord ([string[]] $With = @(), [string] $Command = '$PSHOME', [string] $Copy = $repository) {
        'env', '-u', 'DMABUFPS_PSHOME', '-u', 'PSModulePath', "PATH=$path"
        $With
        "$Copy/build.sh", 'shell', '--', '-NoProfile', '-Command', $Command
    }

    # What it says, on both streams.
    function Invoke-Shell {
        $words = Get-ShellWord @args
        & $words[0] $words[1..99] 2>&1 | ForEach-Object { "$_" }
    }

    $repository = Copy-Repository 'repository'
    # Not in TestDrive, which loses after each block what was made in it.
    $cache = Join-Path ([IO.Path]::GetTempPath()) "dmabufps-cache-$PID"
}

AfterAll {
    Remove-Item -LiteralPath $cache -Recurse -ErrorAction Ignore
}

Describe 'The first run' {
    It 'compiles PowerShell once when two begin at the same time, after one that was killed' {
        $half = "$cache/dmabufps/powershell/7.6.9-net$([Environment]::Version.ToString(3))-x64.part"
        $null = New-Item -ItemType Directory -Force $half
        Set-Content "$half/pwsh.dll" 'half of a file'
        $words = Get-ShellWord "XDG_CACHE_HOME=$cache"
        $runs = 1..2 | ForEach-Object {
            $start = [Diagnostics.ProcessStartInfo]::new($words[0], [string[]] $words[1..99])
            $start.RedirectStandardOutput = $start.RedirectStandardError = $true
            [Diagnostics.Process]::Start($start)
        }
        $homes = $runs | ForEach-Object { $_.StandardOutput.ReadToEnd().Trim() }
        $homes | Should -Be ($half -replace '\.part$'), ($half -replace '\.part$')
        $said = -join ($runs | ForEach-Object { $_.StandardError.ReadToEnd() })
        [regex]::Matches($said, 'compiling PowerShell').Count | Should -Be 1
        Test-Path $half | Should -BeFalse
        Invoke-Shell "XDG_CACHE_HOME=$cache" | Should -Be ($half -replace '\.part$') -Because 'the next run says nothing more'
    }

    It 'uses PowerShell as it comes when the disk is full, and leaves nothing half-written' -Skip:(-not $isRoot) {
        $small = (New-Item -ItemType Directory "$TestDrive/small").FullName
        mount -t tmpfs -o size=20m none $small
        try {
            $said = Invoke-Shell "XDG_CACHE_HOME=$small"
            $said | Where-Object { $_ -like 'PowerShell * is used as it comes*No space left on device*' } | Should -HaveCount 1
            $said[-1] | Should -BeLike '*/powershell/*/unix'
            Get-ChildItem "$small/dmabufps/powershell" -Directory | Should -BeNullOrEmpty
        }
        finally {
            umount $small
        }
    }

    It 'works in out when HOME cannot be written' -Skip:(-not $isRoot) {
        $closed = (New-Item -ItemType Directory "$TestDrive/closed").FullName
        # As if an earlier run had filled it.
        $null = New-Item -ItemType Directory "$repository/out/home/.cache"
        cp -r "$cache/dmabufps" "$repository/out/home/.cache"
        mount -t tmpfs -o ro none $closed
        try {
            # With this user's packages, which need not be fetched again.
            $packages = $env:NUGET_PACKAGES ?? "$HOME/.nuget/packages"
            $said = Invoke-Shell "HOME=$closed", 'XDG_CACHE_HOME=', "NUGET_PACKAGES=$packages"
            $said[0] | Should -Be "HOME ($closed) cannot be written: its place is taken by $repository/out/home"
            $said[-1] | Should -BeLike "$repository/out/home/.cache/dmabufps/powershell/*"
        }
        finally {
            umount $closed
        }
    }

    It 'needs no network where the cache is filled' -Skip:(-not $isRoot) {
        $words = Get-ShellWord "XDG_CACHE_HOME=$cache" 'New-UDmaBuf 4KB -Backing MemFd | ForEach-Object Size'
        $said = unshare -n @words
        $said | Should -Be 4096
    }

    It 'names in one line each what it cannot fetch' -Skip:(-not $isRoot) {
        $empty = (New-Item -ItemType Directory "$TestDrive/empty").FullName
        $words = Get-ShellWord 'XDG_CACHE_HOME=', 'NUGET_PACKAGES=', "HOME=$empty"
        $said = unshare -n @words 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Where-Object { $_ -like 'PowerShell * cannot be had: *' } | Should -HaveCount 1
        $said[-1] | Should -Be 'There is no PowerShell to open.'
        $said.Count | Should -BeLessOrEqual 3
    }
}

Describe 'A PowerShell on PATH' {
    BeforeAll {
        function New-Pwsh ([string] $Version) {
            $folder = (New-Item -ItemType Directory "$TestDrive/pwsh-$Version").FullName
            Set-Content "$folder/pwsh" "#!/bin/sh`necho $folder`necho $Version"
            chmod +x "$folder/pwsh"
            $folder
        }
    }

    It 'is passed over when it is older than the module allows, and the message says so' {
        $old = New-Pwsh '7.4.6'
        $said = Invoke-Shell "XDG_CACHE_HOME=$cache", "PATH=${old}:$path"
        $said[0] | Should -Be "$old/pwsh is PowerShell 7.4.6, but the module needs 7.6: the .NET tool is used instead."
        $said[-1] | Should -BeLike "$cache/*"
    }

    It 'is preferred when it is recent' {
        $new = New-Pwsh '7.6.0'
        Invoke-Shell "XDG_CACHE_HOME=$cache", "PATH=${new}:$path" | Should -Be $new, '7.6.0'
    }
}

Describe 'What cannot be built' {
    It 'is a repository that the user may not write' -Skip:(-not $isRoot) {
        $foreign = Copy-Repository 'foreign'
        chmod -R go-w,go+rX $foreign
        chmod 755 $TestDrive
        $said = setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp "$foreign/build.sh" 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Should -Be "$foreign/out cannot be written: build as the user who owns it, or in a copy of your own."
    }

    It 'is anything without a .NET SDK' {
        $copy = Copy-Repository 'no-sdk'
        Remove-Item "$copy/out/build/run.stamp"
        $folder = (New-Item -ItemType Directory "$TestDrive/no-dotnet").FullName
        Set-Content "$folder/dotnet" "#!/bin/sh`nexit 1"
        chmod +x "$folder/dotnet"
        $said = env "PATH=${folder}:$env:PATH" "$copy/build.sh" 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Should -BeLike 'The .NET 10 SDK is missing: install it from *'
    }
}
