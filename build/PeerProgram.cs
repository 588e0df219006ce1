namespace DmaBuf.Build;

/// <summary>Makes out/dmabuf-peer, the native program for domains without PowerShell.</summary>
internal static class PeerProgram
{
    private static readonly NativeProgram s_program = new("dmabuf-peer", "src/DmaBuf", "src/DmaBuf.Peer");

    /// <summary>The program's path.</summary>
    public static string Path => s_program.Path;

    /// <inheritdoc cref="NativeProgram.PathFor"/>
    public static string PathFor(Processor processor) => s_program.PathFor(processor);

    /// <summary>Compiles the program if a source is newer; leaves it out where there is no linker.</summary>
    public static Task<bool> UpdateAsync(CancellationToken cancellationToken) =>
        s_program.UpdateAsync(cancellationToken);

    /// <inheritdoc cref="NativeProgram.UpdateAsync(Processor, CancellationToken)"/>
    public static Task<bool> UpdateAsync(Processor processor, CancellationToken cancellationToken) =>
        s_program.UpdateAsync(processor, cancellationToken);
}
