using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace DmaBuf.Lab;

/// <summary>Finds the shared libraries that a program needs, and theirs.</summary>
internal static partial class SharedLibraries
{
    /// <summary>Returns the libraries' files, the dynamic loader among them.</summary>
    /// <param name="program">The program's file.</param>
    /// <param name="architecture">The program's architecture.</param>
    /// <param name="folder">Where to look first, or, for a foreign architecture, at all.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    public static async Task<IEnumerable<string>> OfAsync(
        string program, MachineArchitecture architecture, string folder, CancellationToken cancellationToken)
    {
        if (architecture.IsForeign)
            return OfForeign(program, folder);
        // The program's own loader knows best which of this computer's libraries it takes.
        var needs = await HostCommand.RunAsync(
            "env", ["LD_LIBRARY_PATH=" + folder, "ldd", program], null, cancellationToken);
        return LoadedFile().Matches(needs).Select(match => match.Groups[1].Value);
    }

    private static Dictionary<string, string>.ValueCollection OfForeign(string program, string folder)
    {
        var found = new Dictionary<string, string>();
        var left = new Queue<string>([program]);
        while (left.TryDequeue(out var file))
        {
            foreach (var name in Needed(File.ReadAllBytes(file)))
            {
                var library = Path.Combine(folder, name);
                if (!File.Exists(library))
                    throw new LabException($"{file} needs {name}, which is in none of the downloaded packages.");
                if (found.TryAdd(name, library))
                    left.Enqueue(library);
            }
        }

        return found.Values;
    }

    /// <summary>Reads the DT_NEEDED entries of a 64-bit little-endian ELF file; see elf(5).</summary>
    private static IEnumerable<string> Needed(byte[] elf)
    {
        const int Load = 1;
        const int Dynamic = 2;
        const long NeededTag = 1;
        const long StringTableTag = 5;
        var headers = Enumerable.Range(0, BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(56)))
            .Select(number => (int)Word(32) + (number * 56))
            .Select(at => (Type: BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at)),
                Offset: Word(at + 8), Address: Word(at + 16), Size: Word(at + 32)))
            .ToList();
        var dynamic = headers.Find(header => header.Type == Dynamic);
        var entries = Enumerable.Range(0, (int)dynamic.Size / 16)
            .Select(number => (int)dynamic.Offset + (number * 16))
            .Select(at => (Tag: Word(at), Value: Word(at + 8)))
            .ToList();
        var address = entries.Find(entry => entry.Tag == StringTableTag).Value;
        var segment = headers.Find(header => header.Type == Load
            && address >= header.Address && address < header.Address + header.Size);
        var strings = (int)(address - segment.Address + segment.Offset);
        return entries.Where(entry => entry.Tag == NeededTag).Select(entry => Text(strings + (int)entry.Value));

        long Word(int at) => BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(at));

        string Text(int at) => Encoding.UTF8.GetString(elf.AsSpan(at, elf.AsSpan(at).IndexOf((byte)0)));
    }

    [GeneratedRegex(@"\s(/\S+) \(0x")]
    private static partial Regex LoadedFile();
}
