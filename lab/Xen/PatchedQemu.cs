using System.Security.Cryptography;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// This computer's QEMU without two errors of its emulated processor, either of which ends a PVH domain sooner or
/// later: a copy of the program, with an instruction patched out in two places. The places are found by the bytes
/// around them, those of Debian 12's build of QEMU 7.2.
/// </summary>
public static class PatchedQemu
{
    /// <summary>Why PVH domains are not to be relied on where <see cref="GetAsync"/> finds nothing to patch.</summary>
    public const string NotFound = "PVH domains need a QEMU that the lab can patch, and this build is another (lab/README.md)";

    private static readonly Patch[] s_patches =
    [
        // cpu_clear_ignne() (target/i386/tcg/sysemu/fpu_helper.c), which every FXRSTOR of any processor calls, clears a
        // bit of the first processor's hflags2, with no lock. HF2_NPT_MASK is in there too: a domain that enters or
        // leaves the first processor at that moment goes on with its memory mapped as Xen's, or Xen with the domain's.
        // "and dword [rax + hflags2], ~HF2_IGNNE_MASK" is not missed: only a write to port F0h sets that bit, as DOS
        // did.
        new("81 A0 ?? ?? ?? ?? 7F FF FF FF", Length: 10),

        // helper_vmrun() (target/i386/tcg/sysemu/svm_helper.c) delivers the interrupt that Xen injects, and leaves it
        // in the processor's exception_index, too. If another thread then asks the processor to leave its loop, and
        // there is no interrupt yet, the loop delivers it again: at the first instruction of its own handler, for
        // example, before the kernel's GS base is in place. Without "mov [rbx + exception_index], esi" the field stays
        // -1. What follows, to the call of do_interrupt_x86_hardirq(), tells it from the exceptions, which need theirs.
        new("89 B3 ?? ?? FF FF C7 83 ?? ?? 00 00 00 00 00 00 48 C7 83 ?? ?? 00 00 FF FF FF FF"
            + " F6 05 ?? ?? ?? ?? 02 0F 85 ?? ?? ?? ?? BA 01 00 00 00 48 89 DF E8", Length: 6),
    ];

    /// <summary>
    /// The patched program; null where a place is not found, because this computer's is another build.
    /// </summary>
    public static async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        var original = QemuProcess.Program;
        original = File.ResolveLinkTarget(original, returnFinalTarget: true)?.FullName ?? original;
        var folder = await CacheFolder.GetOrAddAsync(
            "qemu/" + ContentKey(new FileInfo(original)),
            async folder =>
            {
                var program = await File.ReadAllBytesAsync(original, cancellationToken);
                if (!Array.TrueForAll(s_patches, patch => patch.Apply(program)))
                    return;
                // It looks for its modules and firmware beside the folder that it is in.
                var home = Path.Combine(Path.GetDirectoryName(original)!, "..");
                File.CreateSymbolicLink(Path.Combine(folder, "lib"), Path.Combine(home, "lib"));
                File.CreateSymbolicLink(Path.Combine(folder, "share"), Path.Combine(home, "share"));
                Directory.CreateDirectory(Path.Combine(folder, "bin"));
                var patched = ProgramIn(folder);
                await File.WriteAllBytesAsync(patched, program, cancellationToken);
                File.SetUnixFileMode(patched, File.GetUnixFileMode(original));
            },
            cancellationToken);
        return File.Exists(ProgramIn(folder)) ? ProgramIn(folder) : null;
    }

    private static string ProgramIn(string folder) => Path.Combine(folder, "bin", "qemu-system-x86_64");

    private static string ContentKey(FileInfo original)
    {
        var content = $"{original.Length} {original.LastWriteTimeUtc.Ticks} {string.Join(' ', s_patches.AsEnumerable())}";
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..16];
    }

    /// <summary>Takes an instruction out.</summary>
    /// <param name="Pattern">The instruction and what tells it from others, in hexadecimal; ?? is any byte.</param>
    /// <param name="Length">The instruction's length.</param>
    private sealed record Patch(string Pattern, int Length)
    {
        private const byte Nop = 0x90;
        private readonly int[] _bytes =
        [
            .. Pattern.Split(' ').Select(word => word == "??" ? -1 : Convert.ToInt32(word, 16)),
        ];

        /// <summary>False, with nothing changed, unless the pattern is there exactly once.</summary>
        public bool Apply(byte[] program)
        {
            var count = Math.Max(0, program.Length - _bytes.Length + 1);
            int[] places = [.. Enumerable.Range(0, count).Where(place => IsAt(program, place)).Take(2)];
            if (places.Length != 1)
                return false;
            Array.Fill(program, Nop, places[0], Length);
            return true;
        }

        private bool IsAt(byte[] program, int place)
        {
            for (var number = 0; number < _bytes.Length; number++)
            {
                if (_bytes[number] >= 0 && program[place + number] != _bytes[number])
                    return false;
            }

            return true;
        }
    }
}
