using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace DmaBuf.Build;

/// <summary>One of the module's assemblies, as the C# compiler made it.</summary>
internal static class ModuleAssembly
{
    /// <summary>Fails unless an assembly runs on any processor: IL alone, without a required processor.</summary>
    public static void CheckPortable(string file)
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

    /// <summary>Lists the files of the assemblies that an assembly uses.</summary>
    public static string[] References(string file)
    {
        using var reader = new PEReader(File.OpenRead(file));
        var metadata = reader.GetMetadataReader();
        return
        [
            .. metadata.AssemblyReferences
                .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name) + ".dll"),
        ];
    }
}
