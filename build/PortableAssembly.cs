using System.Reflection.PortableExecutable;

namespace DmaBuf.Build;

/// <summary>An assembly that runs on any processor: only IL, with no requirement and no native code.</summary>
internal static class PortableAssembly
{
    /// <summary>Fails if an assembly is for one processor only.</summary>
    public static void Check(string file)
    {
        const CorFlags OfOneProcessor = CorFlags.Requires32Bit | CorFlags.NativeEntryPoint;
        using var reader = new PEReader(File.OpenRead(file));
        var header = reader.PEHeaders.CorHeader;
        // Compiled for "any CPU", the machine is I386: the PE format has no word for "any".
        var isPortable = header is not null
            && reader.PEHeaders.CoffHeader.Machine == Machine.I386
            && (header.Flags & (CorFlags.ILOnly | OfOneProcessor)) == CorFlags.ILOnly
            && header.ManagedNativeHeaderDirectory.Size == 0;
        if (!isPortable)
            throw new BuildException($"{file} has code of one processor only, so it cannot be packed.");
    }
}
