BeforeAll {
    . $PSScriptRoot/common.ps1

    function Assert-Vivid {
        if (-not (Test-Path /sys/module/vivid)) {
            Set-ItResult -Skipped -Because 'it needs the kernel module vivid'
        }
    }
}

Describe 'Get-VideoDevice' {
    It 'lists cameras beside other video devices, in the order of their numbers' {
        Assert-Vivid
        $devices = Get-VideoDevice
        $devices.Device | Should -Be (Get-ChildItem /dev/video* | Sort-Object { [int]($_.Name -replace '\D') }).FullName
        $devices.Kind | Should -Contain Capture
        $devices.Kind | Should -Contain Output
        $devices.Driver | Should -Contain vivid
    }

    It 'tells the inputs, formats, sizes and frame rates of a camera' {
        Assert-Vivid
        $camera = Get-VideoDevice | Where-Object Kind -EQ Capture | Select-Object -First 1
        ($camera.Inputs | Where-Object IsSelected).Count | Should -Be 1
        $format = $camera.Formats | Where-Object { "$($_.PixelFormat)" -eq 'YUYV' }
        $format.Description | Should -Be 'YUYV 4:2:2'
        $camera.Width | Should -BeGreaterThan 0
        $camera.FrameRate | Should -BeGreaterThan 0
    }

    It 'prints a row for each device, and everything about one with Format-List' {
        Assert-Vivid
        $camera = Get-VideoDevice | Where-Object Kind -EQ Capture | Select-Object -First 1
        ($camera | Out-String) | Should -Match 'Device +Card +Driver +Kind +Format +Rate'
        ($camera | Format-List | Out-String -Width 4000) | Should -Match 'Formats +: YUYV, UYVY'
        ($camera.Formats | Out-String -Width 400) | Should -Match 'YUYV +YUYV 4:2:2 +False +False'
        ($camera.Inputs | Out-String) | Should -Match '0 Webcam'
    }

    It 'finds devices by path, by wildcard, and by property' {
        Assert-Vivid
        $path = (Get-VideoDevice)[0].Device
        (Get-VideoDevice $path).Device | Should -Be $path
        (Get-VideoDevice ($path -replace '\d+$', '*')).Count | Should -Be @(Get-VideoDevice).Count
        ([pscustomobject]@{ Device = $path } | Get-VideoDevice).Device | Should -Be $path
        Get-VideoDevice /dev/none* | Should -BeNullOrEmpty
    }

    It 'completes the devices of the machine, and names them' {
        Assert-Vivid
        $path = (Get-VideoDevice)[0].Device
        $choice = (TabExpansion2 ($line = 'Get-VideoDevice ') $line.Length).CompletionMatches |
            Where-Object CompletionText -EQ $path
        $choice.ToolTip | Should -BeLike "$path *"
    }

    It 'reports what is no video device, and goes on with the next' {
        Should-Fail { Get-VideoDevice /dev/video4095 } 'open,ENOENT' ObjectNotFound 'plug the camera in'
        Should-Fail { Get-VideoDevice /dev/null } 'VIDIOC_QUERYCAP,ENOTTY' NotImplemented 'Get-VideoDevice lists'
        Get-VideoDevice /dev/null, /dev/video4095 -ErrorAction SilentlyContinue -ErrorVariable failures |
            Should -BeNullOrEmpty
        $failures.Count | Should -Be 2
    }

    It 'leaves no descriptor behind' {
        Should-LeakNothing { Get-VideoDevice; Get-VideoDevice /dev/null -ErrorAction SilentlyContinue }
    }
}
