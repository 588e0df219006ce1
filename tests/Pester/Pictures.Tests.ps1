BeforeAll {
    . $PSScriptRoot/common.ps1

    # Makes a grey picture of 16 x 8 pixels, each row one step lighter, at the start of a buffer.
    function New-GreyBuffer {
        $buffer = New-UDmaBuf 64KB -Name picture @AnyBacking
        [byte[]] $rows = 0..7 | ForEach-Object { , (16 + 20 * $_) * 16 }
        $buffer | Write-DmaBufContent $rows
        $buffer
    }

    # Returns the luma of the first pixel of each row of a grey PNG file, as netpbm reads it.
    function Read-GreyRow ([string] $Path) {
        if (-not (Get-Command pngtopam -ErrorAction Ignore)) {
            Set-ItResult -Skipped -Because "needs Debian's netpbm"
        }
        $lines = pngtopam -plain $Path
        $lines[0] | Should -Be P2
        $width, $height = -split $lines[1]
        $numbers = -split "$($lines[3..($lines.Count - 1)])"
        $numbers.Count | Should -Be ([int]$width * [int]$height)
        0..([int]$height - 1) | ForEach-Object { [int]$numbers[$_ * $width] }
    }

    $script:Grey = @{ Width = 16; Height = 8; PixelFormat = 'GREY' }
}

Describe 'Save-DmaBufImage' {
    BeforeEach {
        $buffer = New-GreyBuffer
        $path = Join-Path $TestDrive "$([guid]::NewGuid().ToString('n')).png"
    }
    AfterEach {
        Get-DmaBufChannel | Disconnect-DmaBufChannel
        Get-DmaBuf | Remove-DmaBuf
    }

    It 'saves the picture of a buffer given by value, by name and from the pipeline' {
        $file = $buffer | Save-DmaBufImage $path @Grey
        $file | Should -BeOfType IO.FileInfo
        $file.FullName | Should -Be $path
        Read-GreyRow $path | Should -Be 0, 23, 47, 70, 93, 116, 140, 163
        Save-DmaBufImage picture $path @Grey -Force -Range Full
        Read-GreyRow $path | Should -Be 16, 36, 56, 76, 96, 116, 136, 156
        (Save-DmaBufImage $buffer $path @Grey -Force).Length | Should -BeGreaterThan 60
    }

    It 'reads a picture with padding at an offset' {
        $null = $buffer | Save-DmaBufImage $path -Width 8 -Height 3 -PixelFormat GREY -Stride 32 -Offset 16 -Range Full
        Read-GreyRow $path | Should -Be 36, 76, 116
    }

    It 'overwrites a file only with -Force, and writes nothing with -WhatIf' {
        $null = Save-DmaBufImage $buffer $path @Grey -WhatIf
        $path | Should -Not -Exist
        'mine' | Set-Content $path
        Should-Fail { Save-DmaBufImage $buffer $path @Grey } 'Path,Exists' ResourceExists 'Force'
        Get-Content $path | Should -Be mine
    }

    It 'takes from the metadata of a share what the parameters do not give' {
        $socket = Join-Path $TestDrive 'save.sock'
        $peer = Start-ThreadJob { param ($module, $socket)
            Import-Module $module
            Connect-DmaBufChannel "unix:$socket" -TimeoutSec 60
        } -ArgumentList $ModulePath, $socket
        $left = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 60
        $right = $peer | Receive-Job -Wait -AutoRemoveJob
        $picture = @{ Width = 8; Height = 4; FourCC = 'GREY'; Stride = 32; Offset = 16 }
        $null = $buffer | Publish-DmaBuf -Channel $left -Name picture -Metadata $picture
        $import = Import-DmaBuf -Name picture -Channel $right -TimeoutSec 60
        foreach ($source in $buffer, $import) {
            $null = $source | Save-DmaBufImage $path -Range Full -Force
            Read-GreyRow $path | Should -Be 36, 76, 116, 156
        }
        $null = $buffer | Save-DmaBufImage $path -Height 2 -Range Full -Force
        Read-GreyRow $path | Should -Be 36, 76
        $null = $buffer | Save-DmaBufImage $path @Grey -Offset 0 -Range Full -Force
        Read-GreyRow $path | Should -Be 16, 36, 56, 76, 96, 116, 136, 156
    }

    It 'gives the planes of a known format in metadata without strides' {
        $socket = Join-Path $TestDrive 'planes.sock'
        $peer = Start-ThreadJob { param ($module, $socket)
            Import-Module $module
            Connect-DmaBufChannel "unix:$socket" -TimeoutSec 60
        } -ArgumentList $ModulePath, $socket
        $left = Connect-DmaBufChannel "unix:$socket" -TimeoutSec 60
        $null = $peer | Receive-Job -Wait -AutoRemoveJob
        $share = $buffer | Publish-DmaBuf -Channel $left -Metadata @{ Width = 64; Height = 32; FourCC = 'NV12' }
        $share.Metadata.Picture.Planes.Offset | Should -Be 0, 2048
        $share.Metadata.Picture.Planes.Stride | Should -Be 64, 64
    }

    It 'says what is wrong with a picture' {
        Should-Fail { $buffer | Save-DmaBufImage $path } 'Picture,Unknown' InvalidArgument 'PixelFormat'
        Should-Fail { $buffer | Save-DmaBufImage $path -Width 640 -Height 480 -PixelFormat YUYV } `
            'Picture,TooSmall' InvalidArgument
        Should-Fail { $buffer | Save-DmaBufImage $path -Width 6 -Height 4 -PixelFormat MJPG } `
            'Picture,UnknownFormat' NotImplemented 'YUYV'
        Should-Fail { $buffer | Save-DmaBufImage $path @Grey -Stride 15 } 'Picture,BadLayout' InvalidArgument
        Should-Fail { $buffer | Save-DmaBufImage $path -Width 32768 -Height 32768 -PixelFormat GREY } `
            'Picture,BadSize' InvalidArgument
        Should-Fail { $buffer | Save-DmaBufImage /dev/full @Grey -Force } 'write,ENOSPC' ResourceUnavailable
        Should-Fail { $buffer | Save-DmaBufImage (Join-Path $TestDrive no/such.png) @Grey } 'open,ENOENT' ObjectNotFound
        Should-Fail { $buffer | Save-DmaBufImage Env:picture @Grey } 'Path,NotAFile' InvalidArgument
        Should-Fail { $buffer, $buffer | Save-DmaBufImage $path @Grey } 'Path,SeveralBuffers' InvalidOperation
        $path | Should -Exist -Because 'the first of two buffers was saved'
    }

    It 'leaks nothing' {
        Should-LeakNothing { $buffer | Save-DmaBufImage $path @Grey -Force }
    }
}

Describe 'Show-DmaBufImage' {
    BeforeEach { $buffer = New-GreyBuffer }
    AfterEach { Get-DmaBuf | Remove-DmaBuf }

    It 'writes lines of half blocks for a terminal' {
        $lines = $buffer | Show-DmaBufImage -Terminal @Grey
        $lines | Should -HaveCount 4
        $lines[0] | Should -Be "`e[38;2;0;0;0m`e[48;2;23;23;23m$('▀' * 16)`e[0m"
    }

    It 'completes the pixel formats' {
        $completed = TabExpansion2 'Show-DmaBufImage x -PixelFormat yu'
        $completed.CompletionMatches.CompletionText | Should -Be YUYV, YU12, YU16
    }
}
