using DmaBuf.Interop;
using Xunit;

namespace DmaBuf.Tests;

public sealed class ErrnoTests
{
    [Theory]
    [InlineData(22, "EINVAL", "Invalid argument")]
    [InlineData(512, "ERESTARTSYS", "Interrupted system call should be restarted")]
    [InlineData(524, "ENOTSUPP", "Operation is not supported")]
    [InlineData(530, "ERECALLCONFLICT", "Conflict with a recalled state")]
    [InlineData(520, "errno 520", "Unknown error 520")]
    public void Error_numbers_internal_to_the_kernel_have_names_and_sentences(int errno, string name, string sentence)
    {
        Assert.Equal(name, Errno.Name(errno));
        Assert.Equal(sentence, Errno.Describe(errno));
    }
}
