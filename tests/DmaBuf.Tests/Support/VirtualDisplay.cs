using System.Buffers.Binary;
using System.Diagnostics;

namespace DmaBuf.Tests;

/// <summary>
/// An X server without a screen (Xvfb), which this process's windows go to. What it shows is in a file.
/// </summary>
internal sealed class VirtualDisplay : IDisposable
{
    private readonly ScratchFolder _folder = new();
    private readonly Process _server;
    private readonly string?[] _before;
    private static readonly string[] s_variables = ["DISPLAY", "SDL_VIDEODRIVER", "SDL_RENDER_DRIVER"];

    public VirtualDisplay(int width, int height)
    {
        Requires.Program("Xvfb", "xvfb");
        // The number of the display comes as a line.
        string[] arguments =
        [
            "-displayfd", "1", "-screen", "0", $"{width}x{height}x24",
            "-fbdir", Path.GetDirectoryName(_folder.File("x"))!,
            "-nolisten", "tcp", "-noreset",
        ];
        _server = Process.Start(new ProcessStartInfo("Xvfb", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginErrorReadLine();
        var number = _server.StandardOutput.ReadLine();
        _before = [.. s_variables.Select(Environment.GetEnvironmentVariable)];
        Environment.SetEnvironmentVariable("DISPLAY", $":{number}");
        Environment.SetEnvironmentVariable("SDL_VIDEODRIVER", "x11");
        Environment.SetEnvironmentVariable("SDL_RENDER_DRIVER", "software");
    }

    /// <summary>What the display shows, as numbers of 0xRRGGBB (XWDFile.h).</summary>
    public uint[] Screenshot()
    {
        var file = File.ReadAllBytes(_folder.File("Xvfb_screen0"));
        var fields = Enumerable.Range(0, 25)
            .Select(i => (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(4 * i))).ToArray();
        var (width, height, stride) = (fields[4], fields[5], fields[12]);
        var start = fields[0] + (12 * fields[19]);
        var pixels = new uint[width * height];
        for (var i = 0; i < pixels.Length; i++)
        {
            var place = start + (i / width * stride) + (i % width * 4);
            pixels[i] = BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(place)) & 0xFFFFFF;
        }

        return pixels;
    }

    public void Dispose()
    {
        for (var i = 0; i < s_variables.Length; i++)
            Environment.SetEnvironmentVariable(s_variables[i], _before[i]);
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
        _folder.Dispose();
    }
}
