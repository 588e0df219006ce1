using System.Text;

namespace DmaBuf.Lab;

/// <summary>Writes a cpio archive in the "newc" format, which the kernel accepts as an initial ramdisk.</summary>
public sealed class CpioArchive : IDisposable
{
    private const int Alignment = 4;
    private const int RegularFile = 0x8000;
    private const int DirectoryFile = 0x4000;
    private readonly Stream _stream;
    private int _inode;

    /// <summary>Starts an archive in the stream, which is disposed of with the archive.</summary>
    public CpioArchive(Stream stream) => _stream = stream;

    /// <summary>Adds an empty folder that everyone may read.</summary>
    public void AddDirectory(string name) => AddEntry(name, DirectoryFile | 0b111_101_101, []);

    /// <summary>Adds a file that everyone may read and execute.</summary>
    public void AddFile(string name, ReadOnlySpan<byte> content) =>
        AddEntry(name, RegularFile | 0b111_101_101, content);

    /// <summary>Ends the archive and closes the stream.</summary>
    public void Dispose()
    {
        AddEntry("TRAILER!!!", 0, []);
        _stream.Dispose();
    }

    private void AddEntry(string name, int mode, ReadOnlySpan<byte> content)
    {
        var nameBytes = Encoding.UTF8.GetBytes(name + '\0');
        var links = mode >= DirectoryFile && mode < RegularFile ? 2 : 1;
        // In order: inode, mode, uid, gid, links, mtime, size, device (2), special device (2), name length, checksum.
        int[] fields = [++_inode, mode, 0, 0, links, 0, content.Length, 0, 0, 0, 0, nameBytes.Length, 0];
        var header = "070701" + string.Concat(fields.Select(field => field.ToString("x8", null)));
        _stream.Write(Encoding.ASCII.GetBytes(header));
        _stream.Write(nameBytes);
        Pad(header.Length + nameBytes.Length);
        _stream.Write(content);
        Pad(content.Length);
    }

    private void Pad(int length)
    {
        for (var rest = length % Alignment; rest is not 0 and < Alignment; rest++)
            _stream.WriteByte(0);
    }
}
