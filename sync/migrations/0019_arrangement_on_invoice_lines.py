from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0018_cash"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoicelinerecord",
            name="arrangement_reference",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="invoicelinerecord",
            name="obligation",
            field=models.CharField(blank=True, db_default="", default="", max_length=120),
        ),
        migrations.AddField(
            model_name="invoicelinerecord",
            name="standalone_price",
            field=models.DecimalField(db_default=0, decimal_places=4, default=0, max_digits=20),
        ),
    ]
