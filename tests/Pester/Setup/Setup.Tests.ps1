# Tests a first run of build.sh with an empty or half-written cache, no network, a full disk, or files of other users.
# Each run has a copy of the repository with the build program already compiled, so that it tests only that program.

BeforeAll {
    . $PSScriptRoot/../common.ps1

    $parts = 'build', 'lab', 'build.sh', 'build.ps1', '.config', 'DmaBufPS.psd1', 'Directory.Build.props',
        'Directory.Build.targets', 'Directory.Packages.props', 'out/DmaBufPS', 'out/built', 'out/dmabuf-peer',
        'out/build/bin/Build', 'out/build/run.stamp'

    # Makes a copy in which no source is newer than what was built from it.
    function Copy-Repository ([string] $Name) {
        $copy = (New-Item -ItemType Directory "$TestDrive/$Name").FullName
        Push-Location $RepositoryRoot
        try { cp -a --parents @($parts | Where-Object { Test-Path $_ }) $copy } finally { Pop-Location }
        $null = New-Item -ItemType Directory "$copy/src", "$copy/docs"
        $null = New-Item "$copy/src/none", "$copy/docs/none"
        touch "$copy/out/built"
        $copy
    }

    # Returns the words that start the copy's PowerShell with one command and with a user's variables, without those of
    # the PowerShell that runs this test.
    $path = $env:PATH -split ':' -ne $PSHOME -join ':'
    function Get-ShellWord ([string[]] $With = @(), [string] $Command = '$PSHOME', [string] $Copy = $repository) {
        'env', '-u', 'DMABUFPS_PSHOME', '-u', 'PSModulePath', "PATH=$path"
        $With
        "$Copy/build.sh", 'shell', '--', '-NoProfile', '-Command', $Command
    }

    # Starts it and returns its output on both streams.
    function Invoke-Shell {
        $words = Get-ShellWord @args
        & $words[0] $words[1..99] 2>&1 | ForEach-Object { "$_" }
    }

    # Returns the cache's path, after filling the cache on the first call.
    function Get-FilledCache {
        if (-not (Test-Path "$cache/$folder")) {
            $null = Invoke-Shell "XDG_CACHE_HOME=$cache"
        }
        $cache
    }

    # Skips tests of the .NET tool, which is used only where there is no other PowerShell.
    function Assert-NoOtherPwsh {
        $others = "$path`:/usr/bin:/bin" -split ':' | Where-Object { Test-Path "$_/pwsh" }
        if ($others) {
            Set-ItResult -Skipped -Because "needs a computer without pwsh on PATH ($others)"
        }
    }

    function Assert-Root {
        if ((id -u) -ne 0) {
            Set-ItResult -Skipped -Because 'needs root'
        }
    }

    # For tests that make their own mounts and networks, which root of a container may not be allowed to.
    function Assert-Administrator {
        unshare -n true 2> $null
        if ($LASTEXITCODE) {
            Set-ItResult -Skipped -Because 'needs root with CAP_SYS_ADMIN'
        }
    }

    $newBuffer = 'New-UDmaBuf 4KB -Backing MemFd | ForEach-Object Size'
    $repository = Copy-Repository 'repository'
    # Not in TestDrive, because files that are created there are removed after each block.
    $cache = Join-Path ([IO.Path]::GetTempPath()) "dmabufps-cache-$PID"
    $tool = (Get-Content "$RepositoryRoot/.config/dotnet-tools.json" -Raw | ConvertFrom-Json).tools.powershell.version
    $runtime = [regex]::Matches((dotnet --list-runtimes), 'Microsoft\.NETCore\.App ([0-9.]+)')[-1].Groups[1].Value
    $processor = "$([Runtime.InteropServices.RuntimeInformation]::OSArchitecture)".ToLowerInvariant()
    $folder = "dmabufps/powershell/$tool-net$runtime-$processor"
}

AfterAll {
    Remove-Item -LiteralPath $cache -Recurse -ErrorAction Ignore
}

Describe 'The first run' {
    BeforeEach { Assert-NoOtherPwsh }

    It 'compiles PowerShell once when two runs begin at the same time after one that was killed' {
        $half = "$cache/$folder.part"
        $null = New-Item -ItemType Directory -Force $half
        Set-Content "$half/pwsh.dll" 'half of a file'
        $words = Get-ShellWord "XDG_CACHE_HOME=$cache"
        $runs = 1..2 | ForEach-Object {
            $start = [Diagnostics.ProcessStartInfo]::new($words[0], [string[]] $words[1..99])
            $start.RedirectStandardOutput = $start.RedirectStandardError = $true
            [Diagnostics.Process]::Start($start)
        }
        $homes = $runs | ForEach-Object { $_.StandardOutput.ReadToEnd().Trim() }
        $homes | Should -Be "$cache/$folder", "$cache/$folder"
        $said = -join ($runs | ForEach-Object { $_.StandardError.ReadToEnd() })
        [regex]::Matches($said, 'compiling PowerShell').Count | Should -Be 1
        Test-Path $half | Should -BeFalse
        Invoke-Shell "XDG_CACHE_HOME=$cache" | Should -Be "$cache/$folder" -Because 'the next run prints nothing else'
    }

    It 'uses the original PowerShell when the disk is full, and leaves nothing half-written' {
        Assert-Administrator
        $small = (New-Item -ItemType Directory "$TestDrive/small").FullName
        mount -t tmpfs -o size=20m none $small
        try {
            $said = Invoke-Shell "XDG_CACHE_HOME=$small"
            $said -like 'Using PowerShell * without compiling it*No space left on device*' | Should -HaveCount 1
            $said[-1] | Should -BeLike '*/powershell/*/unix'
            Get-ChildItem "$small/dmabufps/powershell" -Directory | Should -BeNullOrEmpty
        }
        finally {
            umount $small
        }
    }

    It 'works in out when HOME is not writable' {
        Assert-Administrator
        $closed = (New-Item -ItemType Directory "$TestDrive/closed").FullName
        # As if an earlier run had filled it.
        $null = New-Item -ItemType Directory "$repository/out/home/.cache"
        cp -r "$(Get-FilledCache)/dmabufps" "$repository/out/home/.cache"
        mount -t tmpfs -o ro none $closed
        try {
            $said = Invoke-Shell "HOME=$closed", 'XDG_CACHE_HOME='
            $said[0] | Should -Be "HOME ($closed) is not writable: using $repository/out/home instead"
            $said[-1] | Should -Be "$repository/out/home/.cache/$folder"
        }
        finally {
            umount $closed
        }
    }

    It 'needs no network when the cache is filled' {
        Assert-Administrator
        $words = Get-ShellWord "XDG_CACHE_HOME=$(Get-FilledCache)" $newBuffer
        unshare -n @words | Should -Be 4096
    }

    It 'names what it cannot fetch, in one line each' {
        Assert-Administrator
        $empty = (New-Item -ItemType Directory "$TestDrive/empty").FullName
        $words = Get-ShellWord 'XDG_CACHE_HOME=', 'NUGET_PACKAGES=', "HOME=$empty"
        $said = unshare -n @words 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Where-Object { $_ -like 'Cannot get PowerShell *: *' } | Should -HaveCount 1
        $said[-1] | Should -Be 'PowerShell is not available.'
        $said.Count | Should -BeLessOrEqual 3
    }

    It 'builds a copy where MSBuild cannot use the path' {
        $odd = Copy-Repository "a `"b`"; it's (c)"
        $name = (sh -c 'echo "$1" | sha256sum' sh $odd).Substring(0, 16)
        $copy = "$(Get-FilledCache)/dmabufps/repositories/$name"
        # As if an earlier run had built it.
        $null = New-Item -ItemType Directory $copy
        Move-Item "$odd/out" $copy
        $said = Invoke-Shell "XDG_CACHE_HOME=$cache" '(Get-Module DmaBufPS).ModuleBase' $odd
        $said[0] | Should -Be "MSBuild cannot build in $odd because of characters in the path: building the copy $copy"
        $said[-1] | Should -Be "$copy/out/DmaBufPS"
        (Get-Item "$odd/out").Target | Should -Be "$copy/out"
    }

    It 'needs neither root nor sudo' {
        Assert-Root
        $own = Copy-Repository 'own'
        cp -r "$(Get-FilledCache)/dmabufps" "$own/out"
        chown -R 65534:65534 $own
        chmod 755 $TestDrive
        $words = Get-ShellWord "XDG_CACHE_HOME=$own/out", "HOME=$own/out" $newBuffer $own
        setpriv --reuid 65534 --regid 65534 --clear-groups @words | Should -Be 4096
    }
}

Describe 'A PowerShell on PATH' {
    BeforeAll {
        function New-Pwsh ([string] $Version) {
            $bin = (New-Item -ItemType Directory "$TestDrive/pwsh-$Version").FullName
            Set-Content "$bin/pwsh" "#!/bin/sh`necho $bin`necho $Version"
            chmod +x "$bin/pwsh"
            $bin
        }
    }

    It 'is not used when it is too old for the module, and a message says so' {
        $old = New-Pwsh '7.4.6'
        $said = Invoke-Shell "XDG_CACHE_HOME=$(Get-FilledCache)", "PATH=${old}:$path"
        $said[0] | Should -Be "$old/pwsh is PowerShell 7.4.6, but the module needs 7.6: using the .NET tool instead."
        $said[-1] | Should -BeLike "$cache/*"
    }

    It 'is preferred when it is recent enough' {
        $new = New-Pwsh '7.6.0'
        Invoke-Shell "PATH=${new}:$path" | Should -Be $new, '7.6.0'
    }
}

Describe 'build.sh fails with one clear line' {
    It 'in a repository that the user may not write to' {
        Assert-Root
        $foreign = Copy-Repository 'foreign'
        chmod -R go-w,go+rX $foreign
        chmod 755 $TestDrive
        $said = setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/tmp "$foreign/build.sh" 2>&1 |
            ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Should -Be "$foreign/out is not writable: build as the user who owns it, or in a copy of your own."
    }

    It 'without a .NET SDK' {
        $copy = Copy-Repository 'no-sdk'
        $bin = (New-Item -ItemType Directory "$TestDrive/no-dotnet").FullName
        Set-Content "$bin/dotnet" "#!/bin/sh`nexit 1"
        chmod +x "$bin/dotnet"
        $said = env "PATH=${bin}:$env:PATH" "$copy/build.sh" 2>&1 | ForEach-Object { "$_" }
        $LASTEXITCODE | Should -Be 1
        $said | Should -BeLike 'The .NET 10 SDK is missing: install it from *'
    }
}
