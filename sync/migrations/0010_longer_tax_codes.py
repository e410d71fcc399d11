from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0009_compare_calls_with_the_first_call"),
    ]

    operations = [
        migrations.AlterField(
            model_name="invoicelinerecord",
            name="tax_code",
            field=models.CharField(max_length=200),
        ),
    ]
