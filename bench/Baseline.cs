using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;

[assembly: System.Runtime.CompilerServices.DisableRuntimeMarshalling]

namespace DmaBuf.Bench;

/// <summary>
/// Calls baseline.c as a library in this process. It uses no type of DmaBuf, so cmdlets.ps1 can load it next to the
/// module's own copy of that assembly.
/// </summary>
public static unsafe partial class Baseline
{
    private const string Library = "baseline";

    /// <summary>Loads the compiled library. Call this once, before anything else.</summary>
    public static void Load(string path)
    {
        var library = NativeLibrary.Load(path);
        NativeLibrary.SetDllImportResolver(
            Assembly.GetExecutingAssembly(), (name, _, _) => name == Library ? library : 0);
    }

    /// <summary>Maps a buffer for the calls below. The caller keeps the descriptor.</summary>
    public static nint Open(int fd, long size, bool isDmaBuf)
    {
        var buffer = baseline_open(fd, (nuint)size, isDmaBuf ? 1 : 0);
        return buffer != 0 ? buffer : throw new InvalidOperationException("baseline_open failed");
    }

    /// <summary>Unmaps the buffer.</summary>
    public static void Close(nint buffer) => baseline_close(buffer);

    /// <summary>Overwrites the whole buffer.</summary>
    public static void Write(nint buffer, byte[] source) => Check(baseline_write(buffer, source));

    /// <summary>Copies the whole buffer out.</summary>
    public static void Read(nint buffer, byte[] target) => Check(baseline_read(buffer, target));

    /// <summary>Copies the whole buffer into newly allocated memory.</summary>
    public static void ReadFresh(nint buffer) => Check(baseline_read_new(buffer));

    /// <summary>Computes the SHA-256 of the whole buffer.</summary>
    public static void Hash(nint buffer, byte[] digest) => Check(baseline_hash(buffer, digest));

    /// <summary>Writes the whole buffer to a file.</summary>
    public static void WriteFile(nint buffer, string path) => Check(baseline_write_file(buffer, path));

    /// <summary>Returns the descriptor of a listening unix socket, which stays open until the process ends.</summary>
    public static int Listen(string path)
    {
        var listener = baseline_listen(path);
        return listener >= 0 ? listener : throw new Win32Exception();
    }

    /// <summary>Creates a buffer, connects, sends, receives, maps, reads a byte and closes.</summary>
    public static void HandOff(int listener, string path, long size, bool isDmaBuf) =>
        Check(baseline_hand_off(listener, path, (nuint)size, isDmaBuf ? 1 : 0));

    /// <summary>
    /// Returns how many milliseconds one call takes. cmdlets.ps1 uses this because timing the call in the script would
    /// add the script's own overhead to C's time.
    /// </summary>
    public static double Time(string call, nint buffer, byte[] bytes, string path)
    {
        var start = Stopwatch.GetTimestamp();
        Check(call switch
        {
            nameof(Write) => baseline_write(buffer, bytes),
            nameof(ReadFresh) => baseline_read_new(buffer),
            nameof(Hash) => baseline_hash(buffer, bytes),
            nameof(WriteFile) => baseline_write_file(buffer, path),
            _ => throw new ArgumentException(call, nameof(call)),
        });
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static void Check(int error)
    {
        if (error != 0)
            throw new Win32Exception(error);
    }

    [LibraryImport(Library)]
    private static partial nint baseline_open(int fd, nuint size, int isDmaBuf);

    [LibraryImport(Library)]
    private static partial void baseline_close(nint buffer);

    [LibraryImport(Library)]
    private static partial int baseline_write(nint buffer, byte[] source);

    [LibraryImport(Library)]
    private static partial int baseline_read(nint buffer, byte[] target);

    [LibraryImport(Library)]
    private static partial int baseline_read_new(nint buffer);

    [LibraryImport(Library)]
    private static partial int baseline_hash(nint buffer, byte[] digest);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int baseline_write_file(nint buffer, string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int baseline_listen(string path);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int baseline_hand_off(int listener, string path, nuint size, int isDmaBuf);
}
