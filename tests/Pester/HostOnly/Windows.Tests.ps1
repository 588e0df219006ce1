# Windows. They show the same on every kernel, so the emulated machine is spared them.

BeforeAll {
    . $PSScriptRoot/../common.ps1

    $script:Grey = @{ Width = 16; Height = 8; PixelFormat = 'GREY' }
}

Describe 'Show-DmaBufImage in a window' {
    BeforeEach { $buffer = New-UDmaBuf 64KB -Name picture @AnyBacking }
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'says where no display is' {
        $old = $env:DISPLAY, $env:WAYLAND_DISPLAY, $env:SDL_VIDEODRIVER
        try {
            $env:DISPLAY, $env:WAYLAND_DISPLAY, $env:SDL_VIDEODRIVER = ':4242', 'none', 'x11'
            $failure = Get-ErrorOf { $buffer | Show-DmaBufImage @Grey }
            $failure.FullyQualifiedErrorId | Should -Match '^Display,(NoDisplay|NoLibrary),'
            $failure.ErrorDetails.RecommendedAction | Should -Match 'Terminal'
        }
        finally {
            $env:DISPLAY, $env:WAYLAND_DISPLAY, $env:SDL_VIDEODRIVER = $old
        }
    }

    It 'shows a window until the time limit, and until Ctrl+C' {
        if (-not (Get-Command Xvfb -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because "needs Debian's xvfb"
        }
        [string[]] $words = '-displayfd', '1', '-screen', '0', '320x240x24'
        $start = [Diagnostics.ProcessStartInfo]::new('Xvfb', $words)
        $start.RedirectStandardOutput = $true
        $start.RedirectStandardError = $true
        $server = [Diagnostics.Process]::Start($start)
        $old = $env:DISPLAY, $env:SDL_VIDEODRIVER, $env:SDL_RENDER_DRIVER
        try {
            $env:DISPLAY = ":$($server.StandardOutput.ReadLine())"
            $env:SDL_VIDEODRIVER, $env:SDL_RENDER_DRIVER = 'x11', 'software'
            $failure = Get-ErrorOf { $buffer | Show-DmaBufImage @Grey -TimeoutSec 0.3 }
            if ("$($failure.FullyQualifiedErrorId)" -like 'Display,NoLibrary,*') {
                Set-ItResult -Skipped -Because "needs Debian's libsdl2-2.0-0"
            }
            $failure.FullyQualifiedErrorId | Should -BeLike 'Wait,ETIMEDOUT,*'
            Stop-Command "New-UDmaBuf 4KB -Backing MemFd | Show-DmaBufImage -Width 8 -Height 8 -PixelFormat GREY" 3000 |
                Should -BeLessThan 10000
        }
        finally {
            $env:DISPLAY, $env:SDL_VIDEODRIVER, $env:SDL_RENDER_DRIVER = $old
            $server.Kill()
            $server.WaitForExit()
            $server.StandardOutput.Dispose()
            $server.StandardError.Dispose()
            $server.Dispose()
        }
    }
}
