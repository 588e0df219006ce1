using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using DmaBuf.Buffers;

namespace DmaBuf.Bench;

/// <summary>Measures each way to read or write a buffer's content beside the same loop in C.</summary>
public class ContentBenchmarks : IDisposable
{
    internal const string WriteContent = "write";
    internal const string ReadNew = "read, new array";
    internal const string ReadSame = "read, same array";
    internal const string HashContent = "hash SHA-256";
    internal const string WriteToFile = "file output";

    private readonly byte[] _digest = new byte[32];
    private byte[] _bytes = [];
    private DmaBuffer? _buffer;
    private ContentWriter? _writer;
    private ContentReader? _reader;
    private nint _c;

    [Params(64 << 10, 1 << 20, 64 << 20)]
    public int Size { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = RandomNumberGenerator.GetBytes(Size);
        _buffer = BenchBuffer.Create(Size);
        _writer = new ContentWriter(_buffer);
        _reader = new ContentReader(_buffer);
        _c = Baseline.Open(_buffer.Fd, Size, _buffer.IsDmaBuf);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        Baseline.Close(_c);
        _buffer?.Dispose();
        File.Delete(Workshop.OutputFile);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(WriteContent)]
    public void WriteC() => Baseline.Write(_c, _bytes);

    [Benchmark]
    [BenchmarkCategory(WriteContent)]
    public void Write() => _writer!.Write(_bytes);

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(ReadNew)]
    public void ReadNewC() => Baseline.ReadFresh(_c);

    [Benchmark]
    [BenchmarkCategory(ReadNew)]
    public byte[] ToArray() => _reader!.ToArray();

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(ReadSame)]
    public void ReadSameC() => Baseline.Read(_c, _bytes);

    [Benchmark]
    [BenchmarkCategory(ReadSame)]
    public void View()
    {
        using var view = _buffer!.OpenView(BufferAccess.Read);
        view.Slice(0, Size).CopyTo(_bytes);
    }

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(HashContent)]
    public void HashC() => Baseline.Hash(_c, _digest);

    [Benchmark]
    [BenchmarkCategory(HashContent)]
    public byte[] Hash() => _reader!.Hash(HashAlgorithmName.SHA256);

    [Benchmark(Baseline = true, Description = "C")]
    [BenchmarkCategory(WriteToFile)]
    public void WriteFileC() => Baseline.WriteFile(_c, Workshop.OutputFile);

    [Benchmark]
    [BenchmarkCategory(WriteToFile)]
    public void WriteFile() => _reader!.WriteFile(Workshop.OutputFile);
}
