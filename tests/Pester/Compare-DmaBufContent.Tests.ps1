BeforeAll { . $PSScriptRoot/common.ps1 }

Describe 'Compare-DmaBufContent' {
    AfterEach { Get-DmaBuf | Remove-DmaBuf }
    BeforeEach {
        $left = New-UDmaBuf 8KB @AnyBacking -Name left
        $right = New-UDmaBuf 8KB @AnyBacking -Name right
        $left, $right | Write-DmaBufContent -Fill 'noise'
    }

    It 'finds no difference between equal buffers' {
        $result = Compare-DmaBufContent $left $right
        $result.Equal | Should -BeTrue
        $result.FirstDifference | Should -BeNullOrEmpty
        $result.Differences, $result.Offset, $result.Count | Should -Be 0, 0, 8192
        $result.Buffer | Should -Be $right
    }

    It 'finds the first difference and counts all' {
        $right | Write-DmaBufContent 'XXX' -Offset 5000
        $right | Write-DmaBufContent 'Y' -Offset 8191
        $result = $right | Compare-DmaBufContent $left
        $result.Equal | Should -BeFalse
        $result.FirstDifference, $result.Differences | Should -Be 5000, 4
        ($right | Compare-DmaBufContent $left -Offset 5001 -Count 100).FirstDifference | Should -Be 5001
        $right | Compare-DmaBufContent $left -Offset 5003 -Count 100 -Quiet | Should -BeTrue
    }

    It 'binds <Command>' -ForEach @(
        @{ Command = { Compare-DmaBufContent $left $right -Quiet } }
        @{ Command = { $right | Compare-DmaBufContent $left -Quiet } }
        @{ Command = { Compare-DmaBufContent -ReferenceObject $left -DifferenceObject $right -Quiet } }
        @{ Command = { Compare-DmaBufContent $right -Value noise -Quiet } }
        @{ Command = { $right | Compare-DmaBufContent -Value noise -Quiet } }
        @{ Command = { Compare-DmaBufContent $right -Value ([byte[]](110, 111)) -Quiet } }) {
        & $Command | Should -BeExactly $true
    }

    It 'compares other places of two buffers' {
        $result = $left | Compare-DmaBufContent $right -Offset 5 -ReferenceOffset 10 -Count 1000
        $result.Equal, $result.Offset, $result.Count | Should -Be $true, 5, 1000
        $left | Compare-DmaBufContent $right -ReferenceOffset 1 -Count 1000 -Quiet | Should -BeFalse
    }

    It 'compares with text in an encoding, and with what a file holds' {
        $left | Write-DmaBufContent 'text' -Encoding unicode -Offset 3
        $left | Compare-DmaBufContent -Value 'text' -Encoding unicode -Offset 3 -Quiet | Should -BeTrue
        $left | Read-DmaBufContent -OutFile $TestDrive/content
        $left | Compare-DmaBufContent -Path $TestDrive/content -Quiet | Should -BeTrue
        $right | Compare-DmaBufContent -Path $TestDrive/content | ForEach-Object FirstDifference | Should -Be 3
        $right | Compare-DmaBufContent -Path $TestDrive/content -Count 3 -Quiet | Should -BeTrue
        Push-Location $TestDrive
        try { $left | Compare-DmaBufContent -Path content -Quiet | Should -BeTrue } finally { Pop-Location }
    }

    It 'counts bytes that only one side has as different' {
        $small = New-UDmaBuf 4KB @AnyBacking
        $small | Write-DmaBufContent -Fill 'noise'
        $result = Compare-DmaBufContent $small $left
        $result.Equal, $result.FirstDifference, $result.Differences | Should -Be $false, 4096, 4096
        Compare-DmaBufContent $small $left -Count 4KB -Quiet | Should -BeTrue
        ($small | Compare-DmaBufContent -Value 'too long' -Offset 4095).Differences | Should -Be 8
    }

    It 'compares several buffers, and each result shows its buffer to Read-DmaBufContent' {
        $right | Write-DmaBufContent 'N'
        $left, $right | Compare-DmaBufContent $left -Count 5 -Quiet | Should -Be $true, $false
        $left, $right | Compare-DmaBufContent $left -Count 5 | Read-DmaBufContent -AsString | Should -Be noise, Noise
    }

    It 'refuses ranges outside either buffer' {
        Should-Fail { Compare-DmaBufContent $left $right -Offset 8193 } 'Buffer,OutOfRange' InvalidArgument
        Should-Fail { Compare-DmaBufContent $left $right -Offset 8000 -Count 200 } 'Buffer,OutOfRange' InvalidArgument
        Should-Fail { Compare-DmaBufContent $left $right -ReferenceOffset 8193 } 'Buffer,OutOfRange' InvalidArgument
    }

    It 'refuses removed buffers, and names a file that cannot be read' {
        Should-Fail { $left | Compare-DmaBufContent -Path $TestDrive/none } 'open,ENOENT' ObjectNotFound 'path'
        Remove-DmaBuf $left
        Should-Fail { Compare-DmaBufContent $left $right } 'Buffer,Removed' ObjectNotFound 'Get-DmaBuf'
        Should-Fail { Compare-DmaBufContent $right $left } 'Buffer,Removed' ObjectNotFound 'Get-DmaBuf'
    }

    It 'brackets the access to both buffers' {
        Assert-Support UDmaBuf
        $calls = Compare-DmaBufContent $left $right -Verbose 4>&1 | Out-String
        [regex]::Matches($calls, 'START\|READ').Count | Should -Be 2
        [regex]::Matches($calls, 'END\|READ').Count | Should -Be 2
    }

    It 'stops at once while it waits for a pipe' {
        mkfifo $TestDrive/pipe
        $script = "New-UDmaBuf 4KB -Backing MemFd | Compare-DmaBufContent -Path $TestDrive/pipe"
        # A writer that keeps the pipe open and writes nothing.
        $writer = [IO.FileStream]::new("$TestDrive/pipe", 'Open', 'ReadWrite')
        try { Stop-Command $script 1500 | Should -BeLessThan 10000 } finally { $writer.Dispose() }
    }

    It 'leaves no descriptor or mapping behind' {
        Should-LeakNothing {
            $one, $other = New-UDmaBuf 64KB, 64KB @AnyBacking
            Compare-DmaBufContent $one $other
            Compare-DmaBufContent $one -Path /dev/zero -Count 4096
            Compare-DmaBufContent $one -Path $TestDrive/none -ErrorAction SilentlyContinue
            $one, $other | Remove-DmaBuf
        }
    }
}
