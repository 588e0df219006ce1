using System.Security.Cryptography;
using System.Text;

namespace DmaBuf.Lab;

/// <summary>
/// This computer's QEMU without two bugs of its emulated processor, either of which sooner or later crashes a PVH
/// domain: a copy of the program, with one instruction removed in each of two places. The places are found by the bytes
/// around them, as they are in Debian 12's build of QEMU 7.2.
/// </summary>
public static class PatchedQemu
{
    /// <summary>Why PVH domains are unreliable where <see cref="GetAsync"/> finds nothing to patch.</summary>
    public const string NotFound =
        "PVH domains need a QEMU that the lab can patch, and it cannot patch this build (see lab/README.md)";

    private static readonly Patch[] s_patches =
    [
        // cpu_clear_ignne() (target/i386/tcg/sysemu/fpu_helper.c), which every FXRSTOR on any processor calls, clears a
        // bit of the first processor's hflags2 without a lock. HF2_NPT_MASK is in the same word: if the first processor
        // enters or leaves a domain at that moment, the domain continues with Xen's memory mapping, or Xen with the
        // domain's. The instruction "and dword [rax + hflags2], ~HF2_IGNNE_MASK" is not needed: only a write to port
        // F0h sets that bit, and only DOS programs make one.
        new("81 A0 ?? ?? ?? ?? 7F FF FF FF", Length: 10),

        // helper_vmrun() (target/i386/tcg/sysemu/svm_helper.c) delivers the interrupt that Xen injects, but also leaves
        // it in the processor's exception_index. If another thread then asks the processor to leave its loop and there
        // is no new interrupt, the loop delivers the old one again, for example at the first instruction of its own
        // handler, before the kernel's GS base is set. Without "mov [rbx + exception_index], esi" the field stays -1.
        // The bytes up to the call of do_interrupt_x86_hardirq() tell this instruction from those for exceptions, which
        // must stay.
        new("89 B3 ?? ?? FF FF C7 83 ?? ?? 00 00 00 00 00 00 48 C7 83 ?? ?? 00 00 FF FF FF FF"
            + " F6 05 ?? ?? ?? ?? 02 0F 85 ?? ?? ?? ?? BA 01 00 00 00 48 89 DF E8", Length: 6),
    ];

    /// <summary>
    /// Returns the path of the patched program; null where this computer has another build, without those places.
    /// </summary>
    public static async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        var original = QemuProcess.Program(MachineArchitecture.X64);
        original = File.ResolveLinkTarget(original, returnFinalTarget: true)?.FullName ?? original;
        var folder = await CacheFolder.GetOrAddAsync(
            "qemu/" + ContentKey(new FileInfo(original)),
            async folder =>
            {
                var program = await File.ReadAllBytesAsync(original, cancellationToken);
                if (!Array.TrueForAll(s_patches, patch => patch.Apply(program)))
                    return;
                // QEMU looks for its modules and firmware next to its own folder.
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

    private static string ProgramIn(string folder) =>
        Path.Combine(folder, "bin", MachineArchitecture.X64.QemuProgram);

    private static string ContentKey(FileInfo original)
    {
        var patches = string.Join(' ', s_patches.AsEnumerable());
        var content = $"{original.Length} {original.LastWriteTimeUtc.Ticks} {patches}";
        return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(content)))[..16];
    }

    /// <summary>Removes an instruction.</summary>
    /// <param name="Pattern">
    /// The bytes of the instruction and those that tell it from others, in hexadecimal; ?? is any byte.
    /// </param>
    /// <param name="Length">The instruction's length.</param>
    private sealed record Patch(string Pattern, int Length)
    {
        private const byte Nop = 0x90;
        private readonly int[] _bytes =
        [
            .. Pattern.Split(' ').Select(word => word == "??" ? -1 : Convert.ToInt32(word, 16)),
        ];

        /// <summary>
        /// Removes the instruction. If the pattern does not occur exactly once, changes nothing and returns false.
        /// </summary>
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
